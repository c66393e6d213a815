import type { Losses } from "./losses.ts";
import type { Marks, Place } from "./model.ts";

type Written = Record<string, unknown>;

const mostMarks = 4;

/** The API refuses a request with more than four cache markers; the last ones reach furthest. */
export class CacheMarks {
  readonly #losses: Losses;
  readonly #found: { readonly block: Written; readonly at: Place }[] = [];
  constructor(losses: Losses) {
    this.#losses = losses;
  }

  add(block: Written, { cache, cacheLife }: Marks): void {
    if (cache === undefined) return;
    block.cache_control = { type: "ephemeral", ...(cacheLife !== undefined && { ttl: cacheLife.value }) };
    this.#found.push({ block, at: cache.at });
  }

  close(): void {
    for (const { block, at } of this.#found.slice(0, -mostMarks)) {
      delete block.cache_control;
      this.#losses.name(at);
    }
  }
}
