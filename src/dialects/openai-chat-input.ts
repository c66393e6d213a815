import type { Document, Path, Slot } from "../slot.ts";
import type { Ask } from "./dialect.ts";
import { addFurtherModels } from "./further-models.ts";

/** What a key of a content part means for the cost of the input; a file is read at the provider, page by page. */
const mediaKeys: ReadonlyMap<string, string> = new Map([
  ["image_url", "remote_image"],
  ["video_url", "file"],
  ["audio_url", "file"],
  ["file", "file"],
]);

/** `messages[0].content[1].image_url` */
const isPartKey = (path: Path): boolean => path.length === 5 && path[0] === "messages" && path[2] === "content";

/** `messages[0].content[1].image_url.url`, or the `image_url` itself, as Mistral has it. */
const isImage = (path: Path): boolean => path[4] === "image_url" && (path.length === 5 || path[5] === "url");

function isInline(slot: Slot): boolean {
  if (slot.kind === "binary") return isImage(slot.path);
  return slot.kind === "text" && slot.text.startsWith("data:") && isImage(slot.path);
}

const callersTools: ReadonlySet<string> = new Set(["function", "custom"]);

/** `browser_search` and the like run at the provider, and put what they find into the input. */
function isServerTool(slot: Slot): boolean {
  if (slot.kind !== "opaque" || callersTools.has(slot.text)) return false;
  const { path } = slot;
  return path.length === 3 && path[2] === "type";
}

/** Reads what the walk found instead of parsing messages, which may hold megabytes of base64; a path is built only for what looks like it. */
export function inputOf(
  slots: readonly Slot[],
  document: Document,
): Required<Pick<Ask, "images" | "unbounded" | "furtherModels">> {
  const unbounded = new Set<string>();
  const models = new Set<string>();
  let declared = 0;
  let images = 0;
  for (const slot of slots) {
    if (slot.section !== "messages") {
      if (slot.kind === "key") addFurtherModels(slot, document, models);
      else if (slot.section === "tools" && isServerTool(slot)) unbounded.add("server_tool");
      continue;
    }
    if (slot.kind !== "key") {
      if (isInline(slot)) images++;
      continue;
    }
    const medium = mediaKeys.get(slot.text);
    if (medium !== undefined && isPartKey(slot.path)) {
      if (medium === "remote_image") declared++;
      else unbounded.add(medium);
    } else if (slot.text === "audio" && slot.path.length === 3 && document.get(slot.path) !== null) {
      unbounded.add("server_history");
    }
  }
  if (declared > images) unbounded.add("remote_image");
  return { images, unbounded: [...unbounded], furtherModels: [...models] };
}
