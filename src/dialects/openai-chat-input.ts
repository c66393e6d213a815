import type { Document, Path, Slot } from "../slot.ts";
import type { Ask } from "./dialect.ts";
import { furtherModel, isToolModel } from "./further-models.ts";

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
const isServerTool = (slot: Slot): boolean =>
  !callersTools.has(slot.text) && slot.path.length === 3 && slot.path[2] === "type";

/** What a string outside of the messages says; few of those in `tools` have a class of their own. */
function readAside(slot: Slot, unbounded: Set<string>, models: Set<string>): void {
  if (slot.section === "tools") {
    if (slot.kind !== "opaque") return;
    if (isServerTool(slot)) unbounded.add("server_tool");
    else if (isToolModel(slot.path)) models.add(slot.text);
  } else if (slot.kind !== "key") {
    const model = furtherModel(slot);
    if (model !== undefined) models.add(model);
  }
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
      readAside(slot, unbounded, models);
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
