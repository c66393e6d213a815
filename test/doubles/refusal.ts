import { Refusal } from "../../src/errors.ts";

/** What `act` refuses with; an `Error` where it refuses nothing. */
export function refusalOf(act: () => unknown): Refusal {
  try {
    act();
  } catch (cause) {
    if (cause instanceof Refusal) return cause;
    throw cause;
  }
  throw new Error("nothing was refused");
}
