import type { Dialect, WireEvent } from "../dialects/dialect.ts";

/** Characters of an answer that a record keeps. */
const limit = 65_536;

/** Gathers what an answer says, channel by channel, as the provider wrote it: placeholders, nothing restored. */
export interface AnswerText {
  read(event: WireEvent): void;
  text(): string;
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
    text: () => [...channels].map(([channel, text]) => `${channel}: ${text}`).join("\n"),
  };
}
