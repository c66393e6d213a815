import fc from "fast-check";
import { credentialOf, credentialsOf } from "../../src/access/credential.ts";
import type { HeaderMap } from "../../src/http.ts";

const head = (headers: HeaderMap, url = "/v1/messages") => ({ method: "POST", url, headers });

describe("the credential of a request", () => {
  it.each([
    ["authorization", { authorization: "Bearer abc" }, "/v1/messages"],
    ["authorization in another case", { authorization: "bEARER   abc " }, "/v1/messages"],
    ["x-api-key", { "x-api-key": "abc" }, "/v1/messages"],
    ["api-key", { "api-key": " abc" }, "/v1/messages"],
    ["x-goog-api-key", { "x-goog-api-key": "abc" }, "/v1/messages"],
    ["a repeated header", { "x-api-key": ["abc", "abc"] }, "/v1/messages"],
    ["the query", {}, "/v1/messages?key=abc"],
    ["the query, among others, escaped", {}, "/v1/messages?monkey=x&beta=true&key=%61bc"],
  ])("is found in %s", (_, headers, url) => {
    expect(credentialsOf(head(headers, url))).toEqual(["abc"]);
    expect(credentialOf(head(headers, url))).toBe("abc");
  });

  it.each([
    ["nothing is sent", {}, "/v1/messages?monkey=abc"],
    ["headers are empty", { authorization: "Bearer ", "x-api-key": " " }, "/v1/messages?key="],
    ["the scheme is another", { authorization: "Basic YWJj" }, "/v1/messages"],
    ["the scheme is missing", { authorization: "abc" }, "/v1/messages"],
    ["key= stands in the path", {}, "/v1/&key=abc"],
  ])("is none where %s", (_, headers, url) => {
    expect(credentialsOf(head(headers, url))).toEqual([]);
    expect(credentialOf(head(headers, url))).toBeUndefined();
  });

  it("is each different one, in a fixed order, where there are several", () => {
    const headers = { "x-api-key": "b", "x-goog-api-key": "a", authorization: "Bearer a" };
    expect(credentialsOf(head(headers, "/?key=c"))).toEqual(["a", "b", "c"]);
  });

  it("is never more than four", () => {
    const query = Array.from({ length: 1_000 }, (_, index) => `key=${index}`).join("&");
    expect(credentialsOf(head({}, `/?${query}`))).toEqual(["0", "1", "2", "3"]);
  });

  it("never throws, whatever the bytes", () => {
    const value = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(value, value, value, (authorization, key, url) => {
        const found = credentialsOf(head({ authorization, "x-api-key": [key, key] }, url));
        expect(found).toEqual([...new Set(found)]);
        expect(found).not.toContain("");
      }),
    );
  });
});
