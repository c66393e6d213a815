import type { Path } from "../slot.ts";
import type { Report } from "./checks.ts";
import { type Loose, listOf, mapOf, textOf } from "./loose.ts";
import { printedName } from "./problems.ts";
import { choose } from "./suggest.ts";

/** Aliases: targets that there are, in the alias's region, and settings that its strategy looks at. */
export function checkModels(config: Loose, report: Report): void {
  const targets = mapOf(config.targets);
  const known = Object.keys(targets);
  for (const [alias, value] of Object.entries(mapOf(config.models))) {
    const model = mapOf(value);
    const path = ["models", alias];
    const region = textOf(model.region);
    listOf(model.targets).forEach((place, index) => {
      const target = textOf(mapOf(place).target);
      if (target === undefined) return;
      const at = [...path, "targets", index, "target"];
      if (!known.includes(target)) {
        report(at, `there is no target ${printedName(target)}`, choose(target, known, "targets"));
      } else if (region !== undefined && mapOf(targets[target]).region !== region) {
        report(
          at,
          `the target is not in the region ${printedName(region)}`,
          "name its region, or take it off the list",
        );
      }
    });
    checkStrategy(path, model, report);
  }
}

function checkStrategy(path: Path, model: Loose, report: Report): void {
  const { strategy = "priority", stickyBy } = model;
  const places = listOf(model.targets).map(mapOf);
  if (stickyBy !== undefined && strategy !== "sticky") {
    report([...path, "stickyBy"], "it counts for the strategy sticky alone", "leave it out, or choose sticky", "key");
  }
  if (strategy === "priority") {
    const index = places.findIndex(({ weight }) => weight !== undefined);
    const at = [...path, "targets", index, "weight"];
    if (index >= 0) report(at, "the strategy priority has no weights", "leave it out, or choose weighted", "key");
  } else if (places.length > 0 && places.every(({ weight }) => weight === 0)) {
    report([...path, "targets"], "no target has a weight", "give one of them a weight above 0");
  }
}

/** A key that is pinned to a region that nobody is in could never call. */
export function checkRegions(config: Loose, report: Report): void {
  const regions = Object.values(mapOf(config.targets)).flatMap((target) => textOf(mapOf(target).region) ?? []);
  listOf(mapOf(config.access).keys).forEach((key, index) => {
    const region = textOf(mapOf(key).region);
    if (region === undefined || regions.includes(region)) return;
    const hint = choose(region, [...new Set(regions)], "regions");
    report(["access", "keys", index, "region"], `no target is in the region ${printedName(region)}`, hint);
  });
}
