/** What a Claude model takes; of a name that tells nothing (an alias, another vendor's model) the least is assumed. */
export interface Abilities {
  /** Temperature, top-p and top-k; from 4.1 on not the first two at once. Gone with 4.7. */
  readonly sampling: "all" | "one" | "none";
  readonly efforts: ReadonlySet<string>;
  /** `asked`: it thinks adaptively when told to; `always`: unless told not to. */
  readonly thinks: "no" | "asked" | "always" | "fixed";
  /** `output_config.format`, and strict tools. */
  readonly formats: boolean;
  /** Messages of the role `system`, behind a user's. */
  readonly systemTurns: boolean;
  /** It goes on where the assistant spoke last. */
  readonly prefills: boolean;
  /** What `max_tokens` is where the caller set none: not above what any model of its kind can do. */
  readonly maxOutput: number;
  /** The model is known to give no more. */
  readonly outputEnds: boolean;
}

interface Model {
  readonly family: string;
  /** 4.6 is 406. */
  readonly version: number;
}

/** `claude-opus-4-6`, with a date or not, behind a vendor's prefix or not. */
const named = /(?:^|[/.:])claude-([a-z]+)-(\d)(?:[-.](\d{1,2})(?!\d))?/;
/** `claude-3-5-sonnet-20241022` */
const numbered = /(?:^|[/.:])claude-(\d)(?:[-.](\d)(?!\d))?-([a-z]+)/;

function modelOf(name: string): Model | undefined {
  const new_ = named.exec(name);
  if (new_ !== null) return { family: new_[1] ?? "", version: Number(new_[2]) * 100 + Number(new_[3] ?? 0) };
  const old = numbered.exec(name);
  return old === null ? undefined : { family: old[3] ?? "", version: Number(old[1]) * 100 + Number(old[2] ?? 0) };
}

/** Where each ability begins, by family; families after these have all of them. */
interface Since {
  readonly effort: number;
  readonly xhigh: number;
  readonly systemTurns: number;
}

const since: ReadonlyMap<string, Since> = new Map([
  ["opus", { effort: 405, xhigh: 407, systemTurns: 408 }],
  ["sonnet", { effort: 406, xhigh: 500, systemTurns: 505 }],
  ["haiku", { effort: 505, xhigh: 505, systemTurns: 505 }],
]);
const always = { effort: 0, xhigh: 0, systemTurns: 0 };

function effortsOf({ family, version }: Model): ReadonlySet<string> {
  const first = since.get(family) ?? always;
  if (version < first.effort) return new Set();
  const efforts = ["low", "medium", "high"];
  if (version >= first.xhigh) efforts.push("xhigh");
  if (version >= 406) efforts.push("max");
  return new Set(efforts);
}

function maxOutputOf({ family, version }: Model): number {
  if (version < 305) return 4_096;
  if (version < 307) return 8_192;
  return family === "opus" && version < 405 ? 32_000 : 64_000;
}

function thinkingOf({ family, version }: Model): Abilities["thinks"] {
  if (!since.has(family)) return "fixed";
  if (version >= 500) return "always";
  return version >= 406 ? "asked" : "no";
}

const unknown: Abilities = {
  sampling: "none",
  efforts: new Set(),
  thinks: "fixed",
  formats: true,
  systemTurns: false,
  prefills: true,
  maxOutput: 8_192,
  outputEnds: false,
};

/**
 * Sources: platform.claude.com on effort, adaptive thinking, structured outputs, mid-conversation system messages and the migration guides
 * (4.7 takes no sampling parameters; `disabled` thinking is refused by the families that always think).
 */
export function abilitiesOf(name: string): Abilities {
  const model = modelOf(name);
  if (model === undefined) return unknown;
  const { family, version } = model;
  const sampled = since.has(family) || version < 400;
  return {
    sampling: !sampled || version > 406 ? "none" : version > 400 ? "one" : "all",
    efforts: effortsOf(model),
    thinks: thinkingOf(model),
    formats: version >= 405,
    systemTurns: version >= (since.get(family) ?? always).systemTurns,
    prefills: version < 406,
    maxOutput: maxOutputOf(model),
    outputEnds: version <= 405,
  };
}
