import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { bundle } from "../../envoy/processor.ts";

const { program, remove } = bundle("adapters/envoy-bootstrap/main.ts");
afterAll(remove);
const config = join(dirname(program), "postern.yaml");
writeFileSync(config, 'targets: { local: { provider: openai, baseUrl: "http://127.0.0.1:9/v1" } }\n');

const run = (...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: "utf8" });
  return { status, stdout, stderr };
};

describe("the command that writes an Envoy bootstrap", () => {
  it("prints its usage when asked, whatever else it is told, and that is no failure", () => {
    for (const words of [["--help"], ["--as", "transform", "--help"]]) {
      const { status, stdout, stderr } = run(...words);
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/--config FILE[\s\S]*--processor ADDRESS[\s\S]*--help/);
    }
  });

  it("writes the bootstrap of a config", () => {
    const { status, stdout, stderr } = run("--config", config, "--processor", "127.0.0.1:50051", "--as", "transform");
    expect([status, stderr]).toEqual([0, ""]);
    const names = parse(stdout).static_resources.clusters.map(({ name }: { readonly name: string }) => name);
    expect(names).toContain("target_local");
  });

  it.each([
    ["nothing at all", [], "--config FILE"],
    ["an option that there is not", ["--bogus"], "--bogus"],
    ["a mode that there is not", ["--config", config, "--processor", "h:1", "--as", "other"], "expected terminate"],
    ["a config that is not there", ["--config", "none.yaml", "--processor", "h:1"], "cannot be read"],
  ])("says what is wrong with %s", (_what, words, why) => {
    const { status, stdout, stderr } = run(...words);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(why);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
