import { createTranslation, type Translation } from "../dialects/translate/translate.ts";
import { Unfit } from "../dialects/translate/unfit.ts";
import { Refusal } from "../errors.ts";
import type { Document } from "../slot.ts";
import type { AttemptState } from "./attempt-context.ts";

interface Tried {
  /** In the caller's dialect. */
  readonly source: Uint8Array;
  readonly translation: Translation;
}

/** Renders one attempt's body for a target that speaks another dialect than the caller. */
export class Translating {
  readonly #context: AttemptState;
  readonly #document: Document;
  readonly #now: number;
  #tried: Tried | undefined;

  constructor(context: AttemptState, document: Document, now: number) {
    this.#context = context;
    this.#document = document;
    this.#now = now;
  }

  /** Vetoes what has no form in the target's dialect, or loses something where the target refuses that: before anything is reserved. */
  check(): void {
    const { asked, target } = this.#context;
    this.#context.ask({ model: target.model ?? asked.model });
    const { losses } = this.render();
    if (target.losses === "refuse" && losses.length > 0) this.#context.veto("losses", losses);
  }

  /** With all that the steps have asked to change by now. */
  render(): Translation {
    const source = this.#context.render(this.#document);
    if (this.#tried !== undefined && Buffer.compare(this.#tried.source, source) === 0) return this.#tried.translation;
    const translation = this.#translate(source);
    this.#tried = { source, translation };
    this.#context.crossed(translation.reasons);
    return translation;
  }

  #translate(source: Uint8Array): Translation {
    const { dialect, target, wire, told } = this.#context;
    try {
      const options = { usage: told, now: this.#now, server: target, reasons: wire.reasons };
      return createTranslation(dialect.name, wire.name, source, options);
    } catch (cause) {
      if (cause instanceof Unfit) this.#context.veto(`untranslatable_${cause.reason}`);
      // Its own wire may take what this one cannot read.
      if (cause instanceof Refusal && cause.code === "invalid_request") {
        this.#context.veto("untranslatable_request", [String(cause.detail.param ?? "body")]);
      }
      throw cause;
    }
  }
}
