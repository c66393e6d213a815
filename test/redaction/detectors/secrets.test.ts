import { secretFormats } from "../../../src/redaction/detectors/secrets.ts";
import { found, scannerOf } from "./scan.ts";
import { examples } from "./secret-examples.ts";

const cases = Object.entries(examples).flatMap(([name, list]) =>
  list.map((example) => {
    const [secret, text] = typeof example === "string" ? [example, "the key is % and no other"] : example;
    return { name, secret, text: text.replace("%", () => secret) };
  }),
);
const github = cases.find(({ name }) => name === "github_token")?.secret as string;

describe("secret formats", () => {
  it("have an example each", () => {
    expect(Object.keys(examples).sort()).toEqual([...secretFormats].sort());
  });

  it.each(cases)("finds $name: all of it and nothing else", ({ name, secret, text }) => {
    expect(found(text)).toEqual([`${name}: ${secret}`]);
  });

  it.each(cases.filter(({ text }) => text.startsWith("the key is")))(
    "finds $name behind an escaped line break",
    ({ name, secret }) => {
      const escaped = (text: string) => JSON.stringify(text).slice(1, -1);
      expect(found(escaped(`first line\n${secret}\nlast line`))).toEqual([`${name}: ${escaped(secret)}`]);
    },
  );

  it.each([
    ["a placeholder", `ghp_${"x".repeat(36)}`],
    ["one character repeated", `ghp_${"A".repeat(36)}`],
    ["documentation's access key", "AKIAIOSFODNN7EXAMPLE"],
    ["a longer run of the same alphabet", `AKIA${"Q7WERT2YUIO3PASD"}Z`],
    ["the middle of a word", `x${github}`],
    ["a hash", "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ["a UUID", "id 123e4567-e89b-12d3-a456-426614174000"],
    ["three parts that are no JWT", "com.example.application.module.ClassName"],
    ["a variable", 'password: "${DATABASE_PASSWORD_2024}"'],
    ["a pagination token", '"nextPageToken": "CAUQAA8f3b1d6a0c7e4925"'],
    ["a key's empty frame", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"],
    ["a certificate", `-----BEGIN CERTIFICATE-----\n${"MIIB8f3b1d6a0c7e4925".repeat(8)}\n-----END CERTIFICATE-----`],
    ["a URL with a port and a time", "https://example.com:8080/at/12:30:11?user@home"],
    ["placeholders in a URL", "https://user:password@example.com https://${USER}:${PASS}@example.com"],
  ])("does not report %s", (_, text) => {
    expect(found(text, scannerOf({ pii: { email: "off" } }))).toEqual([]);
  });

  it("masks a key whose end is cut off, as far as it goes", () => {
    const body = "MIIEvQ8f3b1d6a0c7e49/25".repeat(8);
    expect(found(`-----BEGIN PRIVATE KEY-----\n${body}`)).toEqual([
      `private_key: -----BEGIN PRIVATE KEY-----\n${body}`,
    ]);
  });

  it("takes an action for all formats or for one; what is not named is blocked", () => {
    const text = `${github} and AKIAQYLPMN5HHHFPZAM2`;
    const actions = (secrets: "mask" | Record<string, "off" | "flag">) =>
      scannerOf({ secrets })
        .scan(text)
        .map(({ rule, action }) => `${rule} ${action}`);
    expect(actions("mask")).toEqual(["github_token mask", "aws_access_key_id mask"]);
    expect(actions({ github_token: "flag" })).toEqual(["github_token flag", "aws_access_key_id block"]);
    expect(actions({ github_token: "off" })).toEqual(["aws_access_key_id block"]);
  });
});
