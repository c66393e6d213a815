/** A line of one text or both: what goes, what comes, what stays. */
export type Change = readonly [sign: "-" | "+" | " ", line: string];

/** Cells of the table of common lines: 32 MB. */
const mostCells = 8_000_000;

/**
 * The lines by which two texts differ, and those that they share (the longest common subsequence of lines). Texts of which the table
 * would be too large are told as one that goes and one that comes, but for the lines that they begin and end with alike.
 */
export function diffLines(before: string, after: string): readonly Change[] {
  const old = before.split("\n");
  const now = after.split("\n");
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  const most = Math.min(old.length, now.length) - head;
  while (tail < most && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const stays = (lines: readonly string[]): readonly Change[] => lines.map((line) => [" ", line]);
  return [
    ...stays(old.slice(0, head)),
    ...inner(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...stays(old.slice(old.length - tail)),
  ];
}

function inner(old: readonly string[], now: readonly string[]): readonly Change[] {
  const width = now.length + 1;
  if ((old.length + 1) * width > mostCells)
    return [...old.map((line): Change => ["-", line]), ...now.map((line): Change => ["+", line])];
  const common = commonLengths(old, now);
  const changes: Change[] = [];
  let row = 0;
  let column = 0;
  while (row < old.length || column < now.length) {
    const [gone, come] = [old[row], now[column]];
    const below = row < old.length ? (common[(row + 1) * width + column] ?? 0) : -1;
    const right = column < now.length ? (common[row * width + column + 1] ?? 0) : -1;
    if (gone !== undefined && gone === come) {
      changes.push([" ", gone]);
      row += 1;
      column += 1;
    } else if (below >= right) {
      changes.push(["-", gone ?? ""]);
      row += 1;
    } else {
      changes.push(["+", come ?? ""]);
      column += 1;
    }
  }
  return changes;
}

/** Of the rests from each row and column on. */
function commonLengths(old: readonly string[], now: readonly string[]): Uint32Array {
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  for (let row = old.length - 1; row >= 0; row--) {
    for (let column = now.length - 1; column >= 0; column--) {
      const place = row * width + column;
      const same = old[row] === now[column];
      common[place] = same
        ? (common[place + width + 1] ?? 0) + 1
        : Math.max(common[place + width] ?? 0, common[place + 1] ?? 0);
    }
  }
  return common;
}
