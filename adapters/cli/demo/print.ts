import { styleText } from "node:util";

export const heading = (text: string): void => {
  process.stdout.write(`\n${styleText("bold", text)}\n`);
};

export const show = (label: string, value: string): void => {
  process.stdout.write(`  ${styleText("dim", `${label}:`)} ${value}\n`);
};

export const dollars = (picoDollars: bigint): string => `$${(Number(picoDollars) / 1e12).toFixed(8)}`;
