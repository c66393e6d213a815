import type { Dialect, Operation } from "../dialects/dialect.ts";
import type { Target } from "../step.ts";

/** What a target has to understand of a call. */
export interface Speech {
  readonly dialect: Pick<Dialect, "provider">;
  readonly operation: Operation;
}

/** The call's body has to be translated for this target. */
export const needsTranslation = (target: Target, { dialect }: Speech): boolean => target.provider !== dialect.provider;

/** Chats alone have a counterpart in every dialect: counted tokens and lists of models are one provider's. */
export const understands = (target: Target, speech: Speech, translating: boolean): boolean =>
  !needsTranslation(target, speech) || (translating && speech.operation === "chat");
