import fc from "fast-check";
import { createIds, createNames, fitId, originalId } from "../../../src/dialects/translate/ids.ts";

const anthropic = { pattern: /^[a-zA-Z0-9_-]+$/, longest: 64 };
const openai = { pattern: /^[\x21-\x7e]+$/, longest: 40 };
const rule = fc.constantFrom(anthropic, openai);
const isWell = (text: string): boolean => Buffer.from(text).toString() === text;
const well = fc.string({ unit: "grapheme", maxLength: 120 }).filter(isWell);

describe("the id of a call", () => {
  it("stays as it is where the wire takes it", () => {
    expect(fitId("toolu_01T1x1fJ34qAmk2tNTrN7Up6", openai)).toBe("toolu_01T1x1fJ34qAmk2tNTrN7Up6");
    expect(fitId("call_4Yq1c0pQmX7hB2sKdV8nRtZa", anthropic)).toBe("call_4Yq1c0pQmX7hB2sKdV8nRtZa");
  });

  it("is taken by every wire", () => {
    fc.assert(
      fc.property(well, rule, (id, wire) => {
        const fitted = fitId(id, wire);
        expect(fitted).toMatch(wire.pattern);
        expect(fitted.length).toBeLessThanOrEqual(wire.longest);
      }),
    );
  });

  it("is found again, in another process too, unless it is longer than any wire takes", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w.:|#/+=-]{0,15}$/), (id) => {
        expect(originalId(fitId(id, anthropic))).toBe(originalId(id));
      }),
    );
    expect(originalId(fitId("functions.get_weather:0", anthropic))).toBe("functions.get_weather:0");
  });

  it("brings nothing to light that the caller hid in it", () => {
    const hidden = `pst_${Buffer.from("maria@example.com").toString("base64url")}`;
    expect(originalId(hidden)).toBe(hidden);
    expect(fitId(hidden, openai)).not.toContain("@");
    expect(fitId("maria@example.com", anthropic)).toMatch(/^psh_/);
  });

  it("becomes the provider's own again when the caller sends it back", () => {
    fc.assert(
      fc.property(well, rule, rule, (id, first, second) => {
        expect(fitId(fitId(id, first), second)).toBe(fitId(fitId(fitId(id, first), second), second));
      }),
    );
    expect(fitId(fitId("call|x", anthropic), openai)).toBe("call|x");
  });

  it("never makes one of two", () => {
    fc.assert(
      fc.property(well, well, rule, (a, b, wire) => {
        fc.pre(originalId(a) !== originalId(b));
        expect(fitId(a, wire)).not.toBe(fitId(b, wire));
      }),
    );
  });
});

describe("the ids of a conversation", () => {
  it("tell calls apart that repeat an id, and each result follows the last call", () => {
    const ids = createIds(anthropic);
    const first = [ids.call("a"), ids.result("a")];
    const second = [ids.call("a"), ids.result("a")];
    expect(first).toEqual(["a", "a"]);
    expect(second[0]).toBe(second[1]);
    expect(second[0]).not.toBe("a");
  });

  it("are the same on the next turn, so that cached prefixes stay", () => {
    const ids = () => {
      const one = createIds(anthropic);
      return ["a:1", "a:1", "b"].map((id) => one.call(id));
    };
    expect(ids()).toEqual(ids());
  });
});

describe("the name of a tool", () => {
  it("is shortened for a wire that wants it short, and the caller never sees that", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), (name) => {
        const names = createNames({ pattern: /^[a-zA-Z0-9_-]+$/, longest: 64 });
        const fitted = names.to(name);
        expect(fitted).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
        expect(names.back(fitted)).toBe(name);
      }),
    );
  });
});
