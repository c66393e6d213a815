import { schema } from "../../../src/config/schema.ts";
import type { Dialect } from "../../../src/dialects/dialect.ts";
import { createSseParser } from "../../../src/dialects/sse.ts";
import { createDocument } from "../../../src/document.ts";
import { createEventReader, renderEvent, wholeEvent } from "../../../src/engine/event.ts";
import { Refusal } from "../../../src/errors.ts";
import { createFacts, type Facts } from "../../../src/facts.ts";
import type { RequestHead } from "../../../src/http.ts";
import type { Scanner } from "../../../src/redaction/detectors/scanner.ts";
import { createRedaction } from "../../../src/redaction/redaction.ts";
import type { Document } from "../../../src/slot.ts";
import type { AttemptContext, AttemptHooks, AttemptOutcome, CallContext, CallHooks, Parts } from "../../../src/step.ts";
import { wire } from "./dialect.ts";
import { customer, email, phone, scannerOf, secret } from "./scanner.ts";

export interface Setup {
  readonly scanner?: Scanner;
  readonly redaction?: object;
  readonly mode?: "enforce" | "observe";
  readonly dialect?: Dialect;
  readonly head?: Partial<RequestHead>;
}

export interface TestCall {
  readonly hooks: CallHooks;
  readonly facts: Facts;
  readonly logged: { readonly fields: object; readonly message: string }[];
  /** Runs the `request` hook; what it threw is kept. */
  send(body: unknown): { readonly document: Document; readonly sent: string; readonly refusal: Refusal | undefined };
  answer(trusted?: boolean): TestAttempt;
}

export interface TestAttempt {
  readonly hooks: AttemptHooks | undefined;
  /** One SSE event in, bytes out. */
  write(event: Uint8Array | string): string;
  whole(body: unknown): string;
  close(): string;
  done(): void;
}

export const defaultScanner = scannerOf(secret, customer, email, phone);
const defaults = { lists: [{ name: "customer", file: "customers.txt" }] };

export function createCall(setup: Setup = {}): TestCall {
  const { scanner = defaultScanner, mode = "enforce", dialect = wire } = setup;
  const logged: TestCall["logged"] = [];
  const log = (fields: object, message: string) => void logged.push({ fields, message });
  const parts = { log: { debug: log, info: log, warn: log, error: log } } as Pick<Parts, "log">;
  const config = schema.parse({ redaction: setup.redaction ?? defaults }).redaction;
  const facts = createFacts();
  const head = { method: "POST", url: "/v1/x", headers: {}, ...setup.head };
  const call = { id: "call", head, dialect, facts, mode } as Partial<CallContext> as CallContext;
  const hooks = createRedaction(scanner, config, parts).open(call);
  return {
    hooks,
    facts,
    logged,
    send(body) {
      const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
      const document = createDocument(bytes, dialect.requestRules, { nested: true });
      const refusal = thrownBy(() => hooks.request?.(document));
      return { document, sent: Buffer.from(document.render()).toString(), refusal };
    },
    answer: (trusted = false) => openAttempt(hooks, dialect, trusted),
  };
}

export function thrownBy(run: () => unknown): Refusal | undefined {
  try {
    run();
    return undefined;
  } catch (cause) {
    if (cause instanceof Refusal) return cause;
    throw cause;
  }
}

function openAttempt(call: CallHooks, dialect: Dialect, trusted: boolean): TestAttempt {
  const hooks = call.attempt?.({ target: { trusted }, dialect } as AttemptContext) as AttemptHooks | undefined;
  let out: Uint8Array[] = [];
  const drain = () => {
    const bytes = Buffer.concat(out).toString();
    out = [];
    return bytes;
  };
  const emit = (event: Parameters<typeof renderEvent>[0]) => void out.push(renderEvent(event));
  const push = (event: Parameters<typeof renderEvent>[0]) => (hooks?.event ? hooks.event(event, emit) : emit(event));
  const toEvent = createEventReader(dialect);
  const parser = createSseParser((event) => push(toEvent(event)));
  return {
    hooks,
    write(event) {
      parser.write(Buffer.from(event));
      return drain();
    },
    whole(body) {
      push(wholeEvent(Buffer.from(JSON.stringify(body)), dialect));
      return drain();
    },
    close() {
      hooks?.close?.(emit);
      return drain();
    },
    done: () => void hooks?.done?.({ target: "t", model: "m" } as AttemptOutcome),
  };
}

/** What a client of the double's wire has read on each channel. */
export function read(bytes: string): Record<string, string> {
  const texts: Record<string, string> = {};
  const parser = createSseParser((event) => {
    const data = Buffer.from(event.data).toString();
    if (data === "[DONE]") return;
    for (const { channel, text, json } of JSON.parse(data).deltas)
      texts[channel] = (texts[channel] ?? "") + (text ?? json);
  });
  parser.write(Buffer.from(bytes));
  parser.end();
  return texts;
}
