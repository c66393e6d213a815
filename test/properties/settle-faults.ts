import fc from "fast-check";
import { answerWith, askedIn } from "../../adapters/testing-wire.ts";
import type { AttemptRequest, Clock, Flow, HttpHead, Sink } from "../../src/index.ts";
import { Refusal } from "../../src/index.ts";

/** What happens in place of the piece at `at`, or behind the last one. */
export type Break = "end" | "reset" | "stall" | "error" | "malformed" | "not-utf8" | "huge" | "pause" | "nothing";

export type Fault =
  | { readonly kind: "unreachable" | "stall" | "html" | "empty" | "redirect" | "broken-json" }
  | { readonly kind: "status"; readonly status: number; readonly retryAfter: string | undefined }
  | {
      readonly kind: "answer";
      readonly at: number;
      readonly how: Break;
      readonly crlf: boolean;
      readonly cut: number;
    };

export const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("unreachable", "stall", "html", "empty", "redirect", "broken-json") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("status" as const),
      status: fc.constantFrom(400, 401, 404, 408, 429, 500, 503, 529),
      retryAfter: fc.constantFrom(undefined, "0", "1", "7", "3600"),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      at: fc.oneof(fc.nat(60), fc.constantFrom(0, 1, 2, 1_000)),
      how: fc.oneof(
        fc.constantFrom<Break>("end", "reset", "stall", "error", "malformed", "not-utf8", "huge", "pause"),
        fc.constant<Break>("nothing"),
      ),
      crlf: fc.boolean(),
      cut: fc.constantFrom(0, 1, 7, 100),
    }),
  },
) as fc.Arbitrary<Fault>;

type Action =
  | { readonly do: "head"; readonly head: HttpHead }
  | { readonly do: "data"; readonly bytes: Buffer }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "end" | "reset" | "unreachable" };

const json = { "content-type": "application/json" };
const head = (status: number, headers: HttpHead["headers"]): Action => ({ do: "head", head: { status, headers } });
const data = (text: string | Uint8Array): Action => ({ do: "data", bytes: Buffer.from(text as string) });
const end: Action = { do: "end" };

/** What the model says in one attempt, of a length that no other attempt of the run has; every other one is dearer than a small budget. */
export const wordsOf = (attempt: number): string =>
  `m${attempt}. [EMAIL_1] `.padEnd(200 + 8 * attempt + 804 * ((attempt + 1) % 2), `m${attempt}.`);

const inBand = '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}';

function broken(how: Break): readonly Action[] {
  switch (how) {
    case "end":
      return [end];
    case "reset":
      return [{ do: "reset" }];
    case "stall":
      return [{ do: "wait", ms: Number.POSITIVE_INFINITY }];
    case "error":
      return [data(`event: error\ndata: ${inBand}\n\n`)];
    case "malformed":
      return [data('data: {"choices":[{"del\n\n')];
    case "not-utf8":
      return [data(Buffer.from('data: {"a":"\xff\xfe"}\n\n', "latin1"))];
    case "huge":
      return [data(`: ${"x".repeat(1_048_576)}\n\n`)];
    case "pause":
      return [{ do: "wait", ms: 12_000 }];
    case "nothing":
      return [];
  }
}

function cutUp(actions: readonly Action[], size: number): readonly Action[] {
  if (size === 0) return actions;
  return actions.flatMap((action) => {
    if (action.do !== "data" || action.bytes.length > 4_096) return [action];
    const pieces: Action[] = [];
    for (let at = 0; at < action.bytes.length; at += size) pieces.push(data(action.bytes.subarray(at, at + size)));
    return pieces;
  });
}

function actionsOf(fault: Fault, request: AttemptRequest, attempt: number): readonly Action[] {
  switch (fault.kind) {
    case "unreachable":
      return [{ do: "unreachable" }];
    case "stall":
      return [{ do: "wait", ms: Number.POSITIVE_INFINITY }];
    case "html":
      return [head(200, { "content-type": "text/html" }), data(`<p>m${attempt}.</p>`), end];
    case "empty":
      return [head(200, json), end];
    case "redirect":
      return [head(302, { location: "http://elsewhere.test/" }), end];
    case "broken-json":
      return [head(200, json), data(`{"choices":[{"message":{"content":"m${attempt}.`), end];
    case "status": {
      const hint: HttpHead["headers"] = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
      const error = { type: "error", error: { type: "api_error", message: `m${attempt}. [EMAIL_1]` } };
      return [head(fault.status, { ...json, ...hint }), data(JSON.stringify(error)), end];
    }
    case "answer": {
      const asked = askedIn(request.url, Buffer.from(request.body).toString());
      const { contentType, pieces } = answerWith(asked, wordsOf(attempt));
      const said = pieces.map((piece) => data(fault.crlf && asked.stream ? piece.replaceAll("\n", "\r\n") : piece));
      const at = Math.min(fault.at, said.length);
      const actions = [...said.slice(0, at), ...broken(fault.how), ...said.slice(at), end];
      return [head(200, { "content-type": contentType }), ...cutUp(actions, fault.cut)];
    }
  }
}

export interface Upstream {
  readonly flow: Flow;
  /** The provider's side is closed: it ended, broke, or was cancelled. */
  readonly over: () => boolean;
}

/** Plays a fault to the sink, on the fake clock, silent while the sink asks for it. */
export function play(fault: Fault, request: AttemptRequest, attempt: number, to: Sink, clock: Clock): Upstream {
  const actions = actionsOf(fault, request, attempt);
  let next = 0;
  let over = false;
  let paused = false;

  const step = (): void => {
    if (over || paused) return;
    const action = actions[next++];
    if (action === undefined) return;
    if (action.do === "wait") {
      if (Number.isFinite(action.ms)) clock.after(action.ms, step);
      return;
    }
    if (action.do === "head") to.head(action.head);
    else if (action.do === "data") paused = !to.data(action.bytes);
    else {
      over = true;
      if (action.do === "end") to.end();
      else to.fail(new Refusal(action.do === "reset" ? "upstream_broken" : "upstream_unreachable"));
      return;
    }
    setImmediate(step);
  };
  setImmediate(step);
  return {
    over: () => over,
    flow: {
      resume() {
        if (!paused) return;
        paused = false;
        setImmediate(step);
      },
      abort() {
        over = true;
      },
    },
  };
}
