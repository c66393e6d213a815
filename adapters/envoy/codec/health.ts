import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** `grpc.health.v1.HealthCheckResponse.ServingStatus` */
export const serving = { serving: 1, notServing: 2, unknownService: 3 } as const;

/** The service that a `HealthCheckRequest` asks for; empty: the server as a whole. */
export function decodeHealthCheck(bytes: Buffer): string {
  let service = "";
  const reader = new Reader(bytes);
  while (reader.next()) {
    if (reader.field === 1) service = reader.utf8();
    else reader.skip();
  }
  return service;
}

export function encodeHealth(status: number): Buffer {
  const writer = new Writer(8);
  writer.number(1, status);
  return writer.finish();
}
