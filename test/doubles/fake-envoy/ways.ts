import type { Onward } from "./bodies.ts";
import { createCopy } from "./copy.ts";
import { createDirection } from "./direction.ts";
import type { Direction, DirectionParts, Side } from "./direction-parts.ts";
import type { Exchange } from "./exchange.ts";
import type { Fields } from "./fields.ts";
import type { CommonResponse, ProcessingRequest } from "./protocol.ts";

/** One direction of an exchange, through the filter that the mode makes of it. */
export function createWay(
  exchange: Exchange,
  side: Side,
  onward: Onward,
  send: (message: ProcessingRequest) => void,
): Direction {
  const { note, settings } = exchange;
  const parts: DirectionParts = {
    side,
    onward,
    send,
    note,
    modes: () => modesFor(exchange, side),
    awaits: (whether) => (whether ? exchange.timers[side].start() : exchange.timers[side].stop()),
    limit: settings.bufferLimit,
    overLimit: () => overLimit(exchange, side),
    clearRoute: (fields, common) => clearRoute(exchange, side, fields, common),
    endedEarly: () => exchange.upstream.cancel(),
    completed: () => exchange.completed(),
  };
  return settings.mode === "tap" ? createCopy(parts) : createDirection(parts);
}

function modesFor({ modes, configured }: Exchange, side: Side): ReturnType<DirectionParts["modes"]> {
  return side === "request"
    ? { headers: true, body: modes.requestBody, configured: configured.requestBody }
    : { headers: modes.responseHeaders, body: modes.responseBody, configured: configured.responseBody };
}

function overLimit(exchange: Exchange, side: Side): void {
  if (side === "response") exchange.fail(500, "response_payload_too_large");
  else {
    exchange.request.stop();
    exchange.upstream.local(413, "Payload Too Large", "request_payload_too_large");
  }
}

function clearRoute(exchange: Exchange, side: Side, fields: Fields, common: CommonResponse): void {
  const { clear_route_cache: clear, header_mutation: mutation } = common;
  if (!clear) return;
  if (mutation && side === "request") exchange.upstream.match(fields);
  else exchange.note("clear_route_cache is ignored without header_mutation, and on answers");
}
