import type { Logger } from "../step.ts";

/** One JSON object a line on stderr. */
export function createLogger(write: (line: string) => void = (line) => process.stderr.write(line)): Logger {
  const level = (name: string) => (fields: object, message: string) =>
    write(`${JSON.stringify({ time: new Date().toISOString(), level: name, message, ...fields }, plain)}\n`);
  return { debug: () => {}, info: level("info"), warn: level("warn"), error: level("error") };
}

const plain = (_key: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
