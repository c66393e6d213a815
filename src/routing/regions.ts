import type { Config } from "../config/schema.ts";
import { regionName } from "../config/shapes.ts";
import { Refusal } from "../errors.ts";
import type { Caller } from "../facts.ts";
import type { HeaderMap } from "../http.ts";
import type { Target } from "../step.ts";

/** Regions that a call is pinned to, also when observing. All of them count, so two different ones leave no target. */
export type Pins = readonly string[];

export const isInside = (target: Target, pins: Pins): boolean => pins.every((region) => region === target.region);

const headerName = "x-postern-region";

/**
 * What the header `x-postern-region` pins a call to. Throws `Refusal("invalid_request")` for what is no region's name, nothing at all
 * included: a variable that was not set must not free the call.
 */
function askedFor(headers: HeaderMap): string | undefined {
  const value = headers[headerName];
  if (value === undefined) return undefined;
  const region = typeof value === "string" ? value.toLowerCase() : "";
  if (!regionName.test(region)) throw new Refusal("invalid_request", { header: headerName });
  return region;
}

const noPins: Pins = [];

/** Pins of calls by their keys and headers; an alias may add its own. */
export function createPins(config: Config): (caller: Caller, headers: HeaderMap) => Pins {
  const keys = new Map(config.access?.keys.map(({ id, region }) => [id, region]));
  return (caller, headers) => {
    const byKey = caller.key === undefined ? undefined : keys.get(caller.key);
    const asked = askedFor(headers);
    if (byKey === undefined && asked === undefined) return noPins;
    return [byKey, asked].filter((region) => region !== undefined);
  };
}
