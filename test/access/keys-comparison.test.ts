import crypto from "node:crypto";
import { jest } from "@jest/globals";

const timingSafeEqual = jest.fn(crypto.timingSafeEqual);
const hash = jest.fn(crypto.hash);
jest.unstable_mockModule("node:crypto", () => ({ ...crypto, default: crypto, hash, timingSafeEqual }));
const { createKeyring, hashKey } = await import("../../src/access/keys.ts");

describe("how a keyring compares", () => {
  const entry = { hash: hashKey("known") };

  beforeEach(() => {
    timingSafeEqual.mockClear();
    hash.mockClear();
  });

  it("leaves the decision to a comparison of whole digests in constant time", () => {
    timingSafeEqual.mockReturnValueOnce(false);
    const ring = createKeyring([entry]);
    expect(ring.find("known")).toBeUndefined();
    expect(ring.find("known")).toBe(entry);
    const digest = Buffer.from(entry.hash.slice("sha256:".length), "hex");
    expect(timingSafeEqual.mock.calls).toEqual([
      [digest, digest],
      [digest, digest],
    ]);
  });

  it("compares a hot key once, though a flood of unknown ones passes in between", () => {
    const ring = createKeyring([entry]);
    expect(ring.find("known")).toBe(entry);
    for (let index = 0; index < 20_000; index++) expect(ring.find(`unknown-${index}`)).toBeUndefined();
    expect(ring.find("known")).toBe(entry);
    expect(timingSafeEqual).toHaveBeenCalledTimes(1);
  });

  it("compares again once it was told to forget", () => {
    const ring = createKeyring([entry]);
    ring.find("known");
    ring.clear();
    ring.find("known");
    expect(timingSafeEqual).toHaveBeenCalledTimes(2);
  });

  it.each([
    ["a megabyte", "k".repeat(1_048_576)],
    ["bytes beyond ASCII", "schl\u00c3\u00bcssel"],
    ["a line break", "known\n"],
  ])("does not hash %s", (_, text) => {
    expect(createKeyring([entry]).find(text)).toBeUndefined();
    expect(hash).not.toHaveBeenCalled();
  });
});
