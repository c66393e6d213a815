import { type AttemptOwner, type Outgoing, RunningAttempt } from "../attempt.ts";
import { urlAt } from "../config/endpoint.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { type Refusal, toRefusal } from "../errors.ts";
import { facts } from "../facts.ts";
import { requestHeaders } from "../headers.ts";
import type { RequestHead } from "../http.ts";
import type { Document } from "../slot.ts";
import type { AttemptHooks, Target } from "../step.ts";
import { AttemptState, Veto } from "./attempt-context.ts";
import type { CallState } from "./call-context.ts";
import type { Hooks } from "./hooks.ts";
import { createOutcome, type Ended } from "./outcome.ts";
import { spokenFor } from "./speech.ts";
import { Translating } from "./translating.ts";

/** What the attempts of one call have in common. */
export interface OpeningParts {
  readonly owner: AttemptOwner;
  readonly state: CallState;
  readonly hooks: Hooks;
  readonly dialects: readonly Dialect[];
  /** `undefined` for a bodyless operation. */
  readonly document: Document | undefined;
  /** As it came. */
  readonly bytes: Uint8Array;
  /** Why no attempt is wanted any more. */
  aborted(): Refusal | undefined;
  /** Called in the same turn in which the attempt is made, so that an abort finds it. */
  started(attempt: RunningAttempt, context: AttemptState): void;
}

/** An attempt that never left: vetoed, refused, or too late. */
export interface Unopened {
  readonly end: Ended;
  readonly cause: unknown;
}

/** Runs the attempt hooks for a target and makes its request. Never rejects. */
export async function openAttempt(
  target: Target,
  number: number,
  parts: OpeningParts,
): Promise<RunningAttempt | Unopened> {
  const { owner, state, document, bytes } = parts;
  const context = contextOf(target, number, parts);
  const hooks: AttemptHooks[] = [];
  const startedAt = owner.clock.now();
  try {
    const translating = translatingFor(context, parts);
    translating?.check();
    await parts.hooks.attempt(context, hooks);
    const aborted = parts.aborted();
    if (aborted !== undefined) throw aborted;
    const outgoing = translating ? translated(context, translating) : asItIs(context, state, owner, document, bytes);
    const attempt = new RunningAttempt(owner, context, outgoing, hooks);
    parts.started(attempt, context);
    return attempt;
  } catch (cause) {
    return { end: unopened(context, hooks, cause, startedAt), cause };
  }
}

function contextOf(target: Target, number: number, { state, dialects, document, bytes }: OpeningParts): AttemptState {
  const own = state.dialect.provider === target.provider;
  const wire = own ? state.dialect : dialects.find(({ provider }) => provider === target.provider);
  const dialect = spokenFor(state.dialect, state.ask);
  // What the provider says is read in the caller's way where it is the caller's wire.
  const spoken = { dialect, wire: own || wire === undefined ? dialect : wire };
  return new AttemptState(
    number,
    target,
    spoken,
    state.ask,
    { document, size: bytes.length },
    state.mode === "observe",
  );
}

function translatingFor(context: AttemptState, { owner, state, document }: OpeningParts): Translating | undefined {
  if (context.target.provider === state.dialect.provider) return undefined;
  const possible = owner.host.mutates && state.ask.operation === "chat" && context.wire !== context.dialect;
  if (!possible || document === undefined) return context.veto("dialect");
  return new Translating(context, document, owner.clock.now());
}

function translated(context: AttemptState, translating: Translating): Outgoing {
  const translation = translating.render();
  // A credential that the caller brought is for its own provider alone.
  return { request: requestOf(context, translation.head, translation.body, false), translation };
}

function asItIs(
  context: AttemptState,
  state: CallState,
  { host, head }: AttemptOwner,
  document: Document | undefined,
  bytes: Uint8Array,
): Outgoing {
  const own = state.facts.get(facts.caller)?.ownKey === true;
  const body = document === undefined || !host.mutates ? bytes : context.render(document);
  return { request: requestOf(context, head, body, own), translation: undefined };
}

function requestOf(context: AttemptState, head: RequestHead, body: Uint8Array, own: boolean) {
  const { target, wire } = context;
  return {
    method: head.method,
    url: urlAt(target, wire.path(head, context.asked), context.asked),
    headers: requestHeaders(head, wire, target, context.headers, body.length, own),
    body,
  };
}

function unopened(context: AttemptState, hooks: readonly AttemptHooks[], cause: unknown, startedAt: number): Ended {
  const veto = cause instanceof Veto;
  const code = veto ? undefined : toRefusal(cause).code;
  return createOutcome(context, hooks, {
    result: veto ? "vetoed" : code === "call_aborted" ? "aborted" : "rejected",
    code,
    reason: veto ? cause.reason : undefined,
    sent: false,
    committed: false,
    status: undefined,
    retryAfter: undefined,
    losses: veto ? cause.losses : [],
    startedAt,
    firstByte: undefined,
    duration: 0,
  });
}
