import type { Dialect, WireEvent } from "../dialects/dialect.ts";
import type { PlainNames } from "../engine/plain-names.ts";
import type { Redacted } from "../facts.ts";
import type { Document, Slot } from "../slot.ts";

/** Characters of an answer that a record keeps. */
const limit = 65_536;
/** Where that is too little, so many at the end may begin something that is no longer known for what it is. */
const unsure = 512;

/** Gathers what an answer says, channel by channel, as the provider wrote it: placeholders, nothing restored. */
export interface AnswerText {
  read(event: WireEvent): void;
  /** Cleaned channel by channel, before it is cut. */
  text(clean: (text: string) => Redacted, names: PlainNames): Redacted;
}

/** The channel of a document's slot, or its path. Most documents of a stream have the layout of the one before. */
function createChannelNames(dialect: Dialect): (document: Document, slot: Slot, ordinal: number) => string {
  let layout: object | undefined;
  let names: Map<number, string> = new Map();
  return (document, slot, ordinal) => {
    if (document.layout !== layout) {
      layout = document.layout;
      names = new Map();
    }
    const known = names.get(ordinal);
    if (known !== undefined) return known;
    const name = dialect.channel(document, slot) ?? slot.path.join(".");
    names.set(ordinal, name);
    return name;
  };
}

export function createAnswerText(dialect: Dialect): AnswerText {
  const channels = new Map<string, string>();
  const nameOf = createChannelNames(dialect);
  let room = limit;
  return {
    read(event) {
      const document = room > 0 ? event.document() : undefined;
      if (document === undefined) return;
      const { slots } = document;
      for (let ordinal = 0; ordinal < slots.length; ordinal++) {
        const slot = slots[ordinal] as Slot;
        if (slot.kind !== "text" || slot.text.length === 0) continue;
        const channel = nameOf(document, slot, ordinal);
        const piece = slot.text.slice(0, room);
        room -= piece.length;
        channels.set(channel, (channels.get(channel) ?? "") + piece);
      }
    },
    text(clean, names) {
      const end = room > 0 ? undefined : -unsure;
      const lines = [...channels].map(([channel, text]) => {
        return `${names.told(channel, clean)}: ${clean(text).slice(0, end)}`;
      });
      return lines.join("\n") as Redacted;
    },
  };
}
