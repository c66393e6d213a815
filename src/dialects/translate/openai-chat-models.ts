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
  /** Tokens of output that the model gives at most, and refuses to be asked for more; `undefined` where nobody knows. */
  readonly longest: number | undefined;
}

const ownName = /(?:^|[/:])(?:o\d|(?:chat)?gpt-\d|codex)/;
const generation = /(?:^|[/:])gpt-(\d)(?:\.(\d{1,2}))?(-chat)?/;
const oldReasoner = /(?:^|[/:])o\d/;
const open = /(?:^|[/:])gpt-oss/;

const plain = { reasons: false, efforts: new Set<string>(), breakpoints: false, single: true, longest: undefined };

/** Source: OpenAI's pages about its models. */
const longestAnswers: readonly (readonly [model: RegExp, tokens: number])[] = [
  [/(?:^|[/:])gpt-4(?:-turbo|-\d{4}-preview)|(?:^|[/:])(?:gpt-3\.5|gpt-4o-2024-05-13)/, 4_096],
  [/(?:^|[/:])(?:chat)?gpt-(?:4o|5[.\d]*-chat)/, 16_384],
  [/(?:^|[/:])gpt-4\.1/, 32_768],
  [/(?:^|[/:])o(?:1(?!-(?:mini|preview))|[34])/, 100_000],
  [/(?:^|[/:])gpt-5/, 128_000],
];

const longestOf = (name: string): number | undefined => longestAnswers.find(([model]) => model.test(name))?.[1];

const threeEfforts = ["low", "medium", "high"];

/** Source: the reasoning and prompt caching guides, and the declarations of `openai` 6.49. */
export function abilitiesOf(name: string): Abilities {
  if (open.test(name)) return { ...plain, own: false, efforts: new Set(threeEfforts) };
  const own = ownName.test(name);
  const longest = longestOf(name);
  if (oldReasoner.test(name)) {
    return { ...plain, own, longest, reasons: true, efforts: new Set(threeEfforts), single: false };
  }
  const [, major, minor, chat] = generation.exec(name) ?? [];
  const version = Number(major ?? 0) * 100 + Number(minor ?? 0);
  if (version < 500 || (version === 500 && chat !== undefined)) return { ...plain, own, longest };
  const efforts = new Set([...threeEfforts, version === 500 ? "minimal" : "none"]);
  if (version >= 502) efforts.add("xhigh");
  return { ...plain, own, longest, reasons: true, efforts, breakpoints: version >= 506 };
}
