/** What a model behind this wire takes; of a name that is not OpenAI's own the least is assumed. */
export interface Abilities {
  /** OpenAI's own: newer names of fields are known, and the published schema is kept. */
  readonly own: boolean;
  /** It reasons, so it takes an effort, and neither sampling parameters nor stop sequences. */
  readonly reasons: boolean;
  readonly efforts: ReadonlySet<string>;
  /** `prompt_cache_breakpoint` on parts. */
  readonly breakpoints: boolean;
  /** It can be told to make one call at a time. */
  readonly single: boolean;
}

const ownName = /(?:^|[/:])(?:o\d|(?:chat)?gpt-\d|codex)/;
const generation = /(?:^|[/:])gpt-(\d)(?:\.(\d{1,2}))?(-chat)?/;
const oldReasoner = /(?:^|[/:])o\d/;
const open = /(?:^|[/:])gpt-oss/;

const plain = { reasons: false, efforts: new Set<string>(), breakpoints: false, single: true };
const threeEfforts = ["low", "medium", "high"];

/** Source: the reasoning and prompt caching guides, and the declarations of `openai` 6.49. */
export function abilitiesOf(name: string): Abilities {
  if (open.test(name)) return { ...plain, own: false, efforts: new Set(threeEfforts) };
  const own = ownName.test(name);
  if (oldReasoner.test(name)) {
    return { ...plain, own, reasons: true, efforts: new Set(threeEfforts), single: false };
  }
  const [, major, minor, chat] = generation.exec(name) ?? [];
  const version = Number(major ?? 0) * 100 + Number(minor ?? 0);
  if (version < 500 || (version === 500 && chat !== undefined)) return { ...plain, own };
  const efforts = new Set([...threeEfforts, version === 500 ? "minimal" : "none"]);
  if (version >= 502) efforts.add("xhigh");
  return { ...plain, own, reasons: true, efforts, breakpoints: version >= 506 };
}
