import type { Dialect, WireEvent } from "../dialects/dialect.ts";
import type { Redacted } from "../facts.ts";

/** Characters of an answer that a record keeps. */
const limit = 65_536;
/** Where that is too little, so many at the end may begin something that is no longer known for what it is. */
const unsure = 512;
/** So that what is kept of names stays small. */
const longestName = 64;

/** Gathers what an answer says, channel by channel, as the provider wrote it: placeholders, nothing restored. */
export interface AnswerText {
  read(event: WireEvent): void;
  /** Cleaned channel by channel, before it is cut. */
  text(clean: (text: string) => Redacted, names: CleanNames): Redacted;
}

/** Names of channels that were looked at before and had nothing to hide in them; no others are kept. */
export interface CleanNames {
  has(name: string): boolean;
  set(name: string, clean: true): unknown;
}

function nameOf(channel: string, clean: (text: string) => Redacted, names: CleanNames): string {
  if (names.has(channel)) return channel;
  const cleaned = clean(channel);
  if (cleaned === channel && channel.length <= longestName) names.set(channel, true);
  return cleaned;
}

export function createAnswerText(dialect: Dialect): AnswerText {
  const channels = new Map<string, string>();
  let room = limit;
  return {
    read(event) {
      const document = room > 0 ? event.document() : undefined;
      if (document === undefined) return;
      for (const slot of document.slots) {
        if (slot.kind !== "text" || slot.text.length === 0) continue;
        const channel = dialect.channel(document, slot) ?? slot.path.join(".");
        const piece = slot.text.slice(0, room);
        room -= piece.length;
        channels.set(channel, (channels.get(channel) ?? "") + piece);
      }
    },
    text(clean, names) {
      const end = room > 0 ? undefined : -unsure;
      const lines = [...channels].map(([channel, text]) => {
        return `${nameOf(channel, clean, names)}: ${clean(text).slice(0, end)}`;
      });
      return lines.join("\n") as Redacted;
    },
  };
}
