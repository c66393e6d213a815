import { execFileSync } from "node:child_process";
import { describeRealEnvoy, realEnvoy } from "../doubles/real-envoy.ts";
import { bundle } from "./processor.ts";

describeRealEnvoy("the example", (line) => {
  it.each(["terminate", "transform"])("shows in %s what the provider received and what came back", (mode) => {
    const { program, remove } = bundle("examples/envoy/main.ts");
    const env = { ...process.env, ENVOY_BIN: realEnvoy(line) };
    const said = execFileSync(process.execPath, [program, mode], { env, encoding: "utf8", timeout: 50_000 });
    remove();
    const part = (label: string): string => said.split(`${label}\n  `)[1]?.split("\n")[0] ?? "";
    const prompt = part("The caller sent, through Envoy:");
    expect(prompt).toContain("maria.lopez@example.com");
    expect(part("The provider received:")).toContain("Maria at [EMAIL_1] and refund IBAN [IBAN_1]");
    expect(part("The provider received:")).not.toMatch(/maria\.lopez|DE89/);
    expect(part("The caller got back:")).toBe(`You wrote: ${prompt}`);
    expect(part("Envoy's access log says:")).toContain('"status":200');
  });
});
