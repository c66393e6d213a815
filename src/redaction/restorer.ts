import type { Dialect, WireEvent } from "../dialects/dialect.ts";
import { eventFromBytes } from "../engine/event.ts";
import type { Document, Slot } from "../slot.ts";
import type { AttemptHooks, Emit } from "../step.ts";
import { mayHold, type Restored, restore } from "./restore.ts";
import type { Vault } from "./vault.ts";

/** The end of a channel's text so far, which may still become a placeholder, and an event to send it with. */
interface Held {
  readonly text: string;
  readonly like: WireEvent;
}

export interface Restorer extends Required<Pick<AttemptHooks, "event" | "close">> {
  /** Placeholders that the model made up: they reach the caller as they are. */
  readonly invented: () => number;
}

/** Puts the values of a vault back into one attempt's answer, whole or streamed, however the deltas cut its placeholders. */
export function createRestorer(vault: Vault, dialect: Dialect): Restorer {
  const held = new Map<string, Held>();
  let invented = 0;

  const restored = (text: string, slot: Slot): Restored => {
    const result = restore(text, slot.encoding, vault);
    invented += result.invented;
    return result;
  };

  /** One delta of a running text: what was held back stands before it. */
  const advance = (event: WireEvent, document: Document, slot: Slot, channel: string): void => {
    const before = held.get(channel)?.text ?? "";
    const text = before + slot.text;
    const { restorations, settled } = restored(text, slot);
    let out = "";
    let from = 0;
    for (const { start, end, text: value } of restorations) {
      out += text.slice(from, start) + value;
      from = end;
    }
    out += text.slice(from, settled);
    const rest = text.slice(settled);
    if (rest === "") held.delete(channel);
    else if (dialect.closes(event, [channel]).includes(channel)) {
      held.delete(channel);
      out += rest;
    } else held.set(channel, { text: rest, like: event });
    if (out !== slot.text) document.replace(slot, 0, slot.text.length, out);
  };

  const visit = (event: WireEvent, document: Document, slot: Slot): void => {
    if (slot.kind !== "text" || (held.size === 0 && !mayHold(slot.text))) return;
    const channel = dialect.channel(document, slot);
    if (channel !== undefined) advance(event, document, slot, channel);
    else
      for (const { start, end, text } of restored(slot.text, slot).restorations) {
        document.replace(slot, start, end, text);
      }
  };

  const release = (channels: readonly string[], emit: Emit): void => {
    for (const channel of channels) {
      const last = held.get(channel);
      if (last) emit(eventFromBytes(dialect.delta(last.like, channel, last.text), dialect));
      held.delete(channel);
    }
  };

  return {
    invented: () => invented,
    event(event, emit) {
      const document = event.document();
      if (document) for (const slot of document.slots) visit(event, document, slot);
      if (held.size > 0) release(dialect.closes(event, [...held.keys()]), emit);
      emit(event);
    },
    close: (emit) => release([...held.keys()], emit),
  };
}
