import { createRequire } from "node:module";
import type { Report } from "./checks.ts";
import { type Loose, listOf, mapOf, textOf } from "./loose.ts";
import { choose } from "./suggest.ts";

const proxy = "http-proxy-middleware";

/** What pass-through says of the rest of the config, and the package that does it. */
export function checkPassThrough(config: Loose, report: Report, installed: () => boolean = hasProxy): void {
  const entries = listOf(config.passThrough);
  if (entries.length === 0) return;
  if (!installed()) report(["passThrough"], `${proxy} is not installed`, `npm install ${proxy}`, "key");
  const targets = Object.keys(mapOf(config.targets));
  const ids = listOf(mapOf(config.access).keys).flatMap((key) => textOf(mapOf(key).id) ?? []);
  const seen = new Set<string>();
  entries.forEach((entry, index) => {
    const { path = entry, target, keys } = mapOf(entry);
    if (typeof path === "string" && seen.has(path))
      report(["passThrough", index], "this path stands twice", "keep one of the two");
    if (typeof path === "string") seen.add(path);
    if (typeof target === "string" && !targets.includes(target))
      report(["passThrough", index, "target"], "there is no such target", choose(target, targets, "targets"));
    listOf(keys).forEach((id, at) => {
      if (typeof id === "string" && !ids.includes(id))
        report(["passThrough", index, "keys", at], "there is no such key", choose(id, ids, "keys"));
    });
  });
}

function hasProxy(): boolean {
  try {
    createRequire(import.meta.url).resolve(proxy);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND";
  }
}
