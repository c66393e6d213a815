import { type Dialect, noUsage } from "../dialects/dialect.ts";
import type { Refusal } from "../errors.ts";
import type { Call } from "../host.ts";
import type { RequestHead } from "../http.ts";
import type { Receipt, Summary } from "../step.ts";

/** A call that no step has seen: not ours, malformed at the head, or over the gateway's bounds. */
export function refusedCall(
  id: string,
  refusal: Refusal,
  dialect: Dialect,
  head: RequestHead,
  startedAt: number,
): Call {
  const summary: Summary = {
    id,
    model: "",
    target: undefined,
    usage: noUsage,
    cost: 0n,
    findings: [],
    attempts: [],
    overhead: 0,
  };
  const receipt: Receipt = {
    ...summary,
    outcome: "refused",
    status: refusal.status,
    code: refusal.code,
    dialect: dialect.name,
    operation: "chat",
    stream: false,
    budget: undefined,
    key: undefined,
    attributes: {},
    startedAt,
    duration: 0,
    observed: [],
  };
  return {
    id,
    summary,
    keepAlive: 0,
    admitted: Promise.resolve(0),
    receipt: Promise.resolve(receipt),
    receive: () => Promise.resolve(),
    next: () => Promise.resolve(undefined),
    reply() {
      const reply = dialect.refusal(refusal, head);
      return { ...reply, headers: { ...reply.headers, "x-postern-call-id": id } };
    },
    abort() {},
  };
}
