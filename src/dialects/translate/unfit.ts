/**
 * Why a call cannot be served in another wire at all: `choices` (several were asked for), `content` (a part of the conversation would be
 * missing), `modality` (audio out), `history` (the conversation lies at the provider), `tools` (a call that must be made cannot).
 */
export type UnfitReason = "choices" | "content" | "modality" | "history" | "tools";

/** This call has no form in the target's wire; another target may serve it. */
export class Unfit extends Error {
  override readonly name = "Unfit";
  readonly reason: UnfitReason;

  constructor(reason: UnfitReason) {
    super(`untranslatable: ${reason}`);
    this.reason = reason;
  }
}
