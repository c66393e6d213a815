import { parseAddress, toEnvoyAddress } from "../../../adapters/envoy-bootstrap/address.ts";
import { blocks, quote, seconds, yaml } from "../../../adapters/envoy-bootstrap/text.ts";

describe("YAML text", () => {
  it("loses the indentation of the source and keeps that of the text", () => {
    expect(yaml`
      one:
        two: ${2}
    `).toBe("one:\n  two: 2");
  });

  it("puts a block of several lines at the column where it is put", () => {
    const inner = yaml`
      - a

      - b`;
    expect(yaml`
      list:
        ${inner}
      end: true
    `).toBe("list:\n  - a\n\n  - b\nend: true");
  });

  it("leaves out the line of a block that is empty", () => {
    expect(yaml`
      one: 1
      ${""}
      two: 2
    `).toBe("one: 1\ntwo: 2");
  });

  it("joins blocks, and writes strings and durations as YAML and protobuf do", () => {
    expect(blocks("a", "", "b")).toBe("a\nb");
    expect(quote('say "hi"\n')).toBe('"say \\"hi\\"\\n"');
    expect([seconds(5_000), seconds(1_500), seconds(0)]).toEqual(["5s", "1.5s", "0s"]);
  });
});

describe("an address", () => {
  it.each([
    ["127.0.0.1:50051", '{ socket_address: { address: "127.0.0.1", port_value: 50051 } }'],
    ["processor.internal:1", '{ socket_address: { address: "processor.internal", port_value: 1 } }'],
    ["[::1]:443", '{ socket_address: { address: "::1", port_value: 443 } }'],
    ["unix:/run/postern.sock", '{ pipe: { path: "/run/postern.sock" } }'],
  ])("%s is %s", (text, envoy) => {
    expect(toEnvoyAddress(parseAddress(text))).toBe(envoy);
  });

  it.each(["", "127.0.0.1", ":80", "host:", "host:99999", "::1:80", "unix:", "host:80 }"])("%j is none", (text) => {
    expect(() => parseAddress(text)).toThrow("is no address");
  });
});
