import { createHash } from "node:crypto";
import fc from "fast-check";
import { createKey, createKeyring, hashKey } from "../../src/access/keys.ts";

const printable = fc.string({
  unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
  minLength: 1,
});

describe("hashKey", () => {
  it("is what sha256sum says", () => {
    expect(hashKey("abc")).toBe("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    fc.assert(
      fc.property(printable, (key) => {
        expect(hashKey(key)).toBe(`sha256:${createHash("sha256").update(key).digest("hex")}`);
      }),
    );
  });

  it.each(["", "two words", "schlüssel", "line\n", "k".repeat(513)])(
    "refuses %j, which is no key, without repeating it",
    (key) => {
      expect(() => hashKey(key)).toThrow(/^a virtual key is 1 to 512 printable ASCII characters without a space$/);
    },
  );
});

describe("createKey", () => {
  it("makes a key of 256 random bits that fits every header", () => {
    const made = Array.from({ length: 100 }, createKey);
    for (const { key, hash } of made) {
      expect(key).toMatch(/^psk_[A-Za-z0-9_-]{43}$/);
      expect(hash).toBe(hashKey(key));
    }
    expect(new Set(made.map(({ key }) => key)).size).toBe(100);
  });
});

describe("a keyring", () => {
  it("finds each of its keys, again and again, and no other text", () => {
    fc.assert(
      fc.property(fc.uniqueArray(printable, { minLength: 1 }), fc.string({ unit: "binary" }), (keys, other) => {
        const ring = createKeyring(keys.map((key) => ({ hash: hashKey(key), name: key })));
        for (const key of [...keys, ...keys]) expect(ring.find(key)?.name).toBe(key);
        expect(ring.find(other)?.name).toBe(keys.includes(other) ? other : undefined);
      }),
    );
  });

  it("tells keys apart whose digests begin alike", () => {
    const hash = hashKey("known");
    const twin = hash.slice(0, -1) + (hash.endsWith("0") ? "1" : "0");
    const ring = createKeyring([
      { hash: twin, name: "twin" },
      { hash, name: "known" },
    ]);
    expect(ring.find("known")?.name).toBe("known");
    expect(createKeyring([{ hash: twin, name: "twin" }]).find("known")).toBeUndefined();
  });

  it("does not take a digest for a key", () => {
    const hash = hashKey("known");
    const ring = createKeyring([{ hash }]);
    for (const text of [hash, hash.slice("sha256:".length), "", "known ", "knowN"])
      expect(ring.find(text)).toBeUndefined();
  });
});
