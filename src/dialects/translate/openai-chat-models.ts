/** What a model behind this wire takes; of a name that is not OpenAI's own the least is assumed. */
export interface Abilities {
  /** OpenAI's own: newer names of fields are known, and the published schema is kept. */
  readonly own: boolean;
  /** It reasons, so it takes an effort, and neither sampling parameters nor stop sequences. */
  readonly reasons: boolean;
  readonly efforts: ReadonlySet<string>;
  /** `prompt_cache_breakpoint` on parts. */
  readonly breakpoints: boolean;
}

const ownName = /(?:^|[/:])(?:o\d|(?:chat)?gpt-\d|codex)/;
const generation = /(?:^|[/:])gpt-(\d)(?:\.(\d{1,2}))?(-chat)?/;
const oldReasoner = /(?:^|[/:])o\d/;
const open = /(?:^|[/:])gpt-oss/;

const efforts = (...names: string[]): ReadonlySet<string> => new Set(names);
const none = efforts();

/** Source: the reasoning and prompt caching guides, and the declarations of `openai` 6.49. */
export function abilitiesOf(name: string): Abilities {
  if (open.test(name))
    return { own: false, reasons: false, efforts: efforts("low", "medium", "high"), breakpoints: false };
  const own = ownName.test(name);
  if (oldReasoner.test(name)) {
    return { own, reasons: true, efforts: efforts("low", "medium", "high"), breakpoints: false };
  }
  const [, major, minor, chat] = generation.exec(name) ?? [];
  const version = Number(major ?? 0) * 100 + Number(minor ?? 0);
  if (version < 500 || (version === 500 && chat !== undefined)) {
    return { own, reasons: false, efforts: none, breakpoints: false };
  }
  const known = ["low", "medium", "high"];
  known.push(version === 500 ? "minimal" : "none");
  if (version >= 502) known.push("xhigh");
  return { own, reasons: true, efforts: efforts(...known), breakpoints: version >= 506 };
}
