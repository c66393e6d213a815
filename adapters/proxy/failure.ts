import { Refusal } from "../../src/index.ts";

/** Of an error's text nothing is kept: it may quote hosts and bytes. */
export function failureOf({ syscall }: NodeJS.ErrnoException): Refusal {
  const unreachable = syscall === "connect" || syscall === "getaddrinfo";
  return new Refusal(unreachable ? "upstream_unreachable" : "upstream_broken");
}
