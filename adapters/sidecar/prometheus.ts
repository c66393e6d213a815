export type Labels = Readonly<Record<string, string>>;

export interface Counter<N extends number | bigint> {
  add(labels: Labels, amount: N): void;
  lines(): readonly string[];
}

/** A counter with one series for each set of labels, given in the same order every time. */
export function createCounter<N extends number | bigint = number>(
  name: string,
  help: string,
  print: (value: N) => string = String,
): Counter<N> {
  const series = new Map<string, N>();
  return {
    add(labels, amount) {
      const key = written(labels);
      const before = series.get(key);
      series.set(key, (before === undefined ? amount : (before as number) + (amount as number)) as N);
    },
    lines: () => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} counter`,
      ...Array.from(series, ([key, value]) => `${name}{${key}} ${print(value)}`),
    ],
  };
}

const written = (labels: Labels): string =>
  Object.entries(labels)
    .map(([label, value]) => `${label}="${value.replace(/[\\"\n]/g, escaped)}"`)
    .join(",");

const escaped = (character: string): string => (character === "\n" ? "\\n" : `\\${character}`);
