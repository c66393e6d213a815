import { dirname } from "node:path";
import { parseConfig } from "../../src/config/load.ts";
import { secretFormats } from "../../src/redaction/detectors/secrets.ts";
import { problemsOf } from "./support.ts";

const hashes = ["0", "1"].map((digit) => `sha256:${digit.repeat(64)}`);
const target = (rest: object) => ({ access: {}, targets: { a: { provider: "openai", ...rest } } });

describe("a target with the operator's key", () => {
  const withKey = { targets: { a: { provider: "openai", apiKey: "sk-1" } } };

  it("is refused where anybody may call", () => {
    expect(problemsOf(withKey)).toEqual([
      "targets.a.apiKey: anybody who reaches the gateway could spend on this key (add access with the keys of those who may call, or leave apiKey out so that callers bring their own)",
    ]);
    expect(() => parseConfig({ ...withKey, access: {} } as object)).not.toThrow();
  });

  it.each([
    "http://models.example/v1",
    "http://localhost.example/v1",
    "http://10.0.0.1/v1",
    "http://127.0.0.1.example/v1",
  ])("is refused at %s, where the key would travel in the clear", (baseUrl) => {
    expect(problemsOf(target({ baseUrl, apiKey: "sk-1" }))).toEqual([
      "targets.a.baseUrl: the key would cross the network unencrypted (use https, or leave apiKey out)",
    ]);
    expect(() => parseConfig(target({ baseUrl }) as object)).not.toThrow();
  });

  it.each([
    "https://models.example/v1",
    "http://127.0.0.1:11434/v1",
    "http://localhost/v1",
    "http://[::1]:80/v1",
    "http://127.1/v1",
  ])("is welcome at %s", (baseUrl) => {
    expect(() => parseConfig(target({ baseUrl, apiKey: "sk-1" }) as object)).not.toThrow();
  });
});

describe("a target's address", () => {
  it.each([
    ["https://user@models.example/v1", "credentials"],
    ["https://:word@models.example/v1", "credentials"],
    ["https://models.example/v1?", "a query or a fragment"],
    ["https://models.example/v1?api-version=1", "a query or a fragment"],
    ["https://models.example/v1#x", "a query or a fragment"],
    ["ftp://models.example/v1", "an http or https URL"],
    ["models.example/v1", "an http or https URL"],
    ["", "an http or https URL"],
  ])("is refused where it is %j", (baseUrl, expected) => {
    const problems = problemsOf(target({ baseUrl }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });
});

describe("a target's headers", () => {
  it.each([
    ["Authorization", "x", "a credential"],
    ["x-api-key", "x", "a credential"],
    ["cookie", "x", "a credential"],
    ["Host", "x", "made anew"],
    ["connection", "x", "made anew"],
    ["transfer-encoding", "x", "made anew"],
    ["content-length", "1", "made anew"],
    ["a b", "x", "no name"],
    ["", "x", "no name"],
    ["x-a", "b\r\nc: d", "a line break"],
    ["x-a", "é", "a line break"],
  ])("may not be %j: %j", (name, value, expected) => {
    const problems = problemsOf(target({ headers: { [name]: value } }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  it("may not name one twice", () => {
    expect(problemsOf(target({ headers: { "x-a": "1", "X-A": "2" } }))).toEqual([
      "targets.a.headers.X-A: this header stands twice (keep one of the two)",
    ]);
  });

  it("may be others", () => {
    const headers = { "OpenAI-Organization": "org", "x-title": "" };
    expect(parseConfig(target({ headers }) as object).targets.a?.headers).toEqual(headers);
  });
});

describe("a target's secret headers", () => {
  const headers = { "x-gate": "env:GATE" };
  const environment = { GATE: "Bearer secret", TORN: "a\nb" };

  it("are the operator's like its key, so they are refused where anybody may call, and in the clear", () => {
    const open = { targets: { a: { provider: "openai", headers, baseUrl: "http://models.example/v1" } } };
    expect(problemsOf(open, { environment })).toEqual([
      expect.stringContaining("targets.a.headers.x-gate: anybody who reaches the gateway could spend on this key"),
      expect.stringContaining("targets.a.baseUrl: the key would cross the network unencrypted"),
    ]);
    expect(() => parseConfig(target({ headers }) as object, { environment })).not.toThrow();
  });

  it.each([
    ["env:NONE", "is not set"],
    ["env:TORN", "holds a line break"],
    ["file:./none", "does not exist"],
  ])("are refused where %s %s", (reference, expected) => {
    const problems = problemsOf(target({ headers: { "x-gate": reference } }), { environment });
    expect(problems).toEqual([expect.stringContaining(`targets.a.headers.x-gate: ${reference} ${expected}`)]);
  });
});

describe("how a target's server is reached", () => {
  it.each(["/deployments/{model}/chat/completions", "/chat/completions", "/v2/models/x-{model}:chat"])(
    "may be the path %s",
    (path) => {
      expect(parseConfig(target({ path }) as object).targets.a?.path).toBe(path);
    },
  );

  it.each([
    ...[
      "chat",
      "/",
      "//chat",
      "/chat/",
      "/../chat",
      "/a/..",
      "/./a",
      "/a?b=c",
      "/a#b",
      "/{name}/chat",
      "/a b",
      "/a\\b",
      "",
    ],
    "/%2e%2e/a",
  ])("is not the path %j", (path) => {
    expect(problemsOf(target({ path }))).toEqual([expect.stringContaining("targets.a.path: expected a path such as")]);
  });

  it.each<[string, object, string]>([
    ["a secret in the address", { query: { "api-version": "env:KEY" } }, "query.api-version: an address is logged"],
    ["a credential in the address", { query: { key: "x" } }, "query.key: a credential does not belong"],
    ["another credential there", { query: { "subscription-key": "x" } }, "query.subscription-key: a credential"],
    ["a key of the query that is none", { query: { "a b": "x" } }, "query.a…: expected a query key"],
    ["a key that nobody would see", { apiKey: "sk-1", auth: "none" }, "auth: the key would not be used"],
    ["a way to show the key that there is not", { auth: "api_key" }, 'did you mean "api-key"?'],
    ["a field that there is not", { maxTokensField: "max_token" }, 'did you mean "max_tokens"?'],
    ["a region that is no name", { region: "EU West" }, "region: expected a name such as eu"],
  ])("is not described by %s", (_, rest, expected) => {
    expect(problemsOf(target(rest))).toEqual([expect.stringContaining(expected)]);
  });

  it("has quirks of the wire that they belong to", () => {
    const claude = { provider: "anthropic", maxTokensField: "max_tokens", streamUsage: true };
    expect(problemsOf({ targets: { claude } })).toEqual([
      "targets.claude.streamUsage: only the wire of openai knows this (leave it out)",
      "targets.claude.maxTokensField: only the wire of openai knows this (leave it out)",
    ]);
  });
});

describe("an alias", () => {
  const targets = {
    eu: { provider: "openai", region: "eu" },
    us: { provider: "openai", region: "us" },
    some: { provider: "anthropic" },
  };
  const problems = (fast: object) => problemsOf({ targets, models: { fast } });

  it("has targets of its region alone", () => {
    const places = [{ target: "eu" }, { target: "us" }, { target: "some" }];
    const message = "the target is not in the region eu (name its region, or take it off the list)";
    expect(problems({ region: "eu", targets: places })).toEqual([
      `models.fast.targets[1].target: ${message}`,
      `models.fast.targets[2].target: ${message}`,
    ]);
  });

  it("has the settings that its strategy looks at", () => {
    expect(problems({ stickyBy: "team", targets: [{ target: "eu" }, { target: "us", weight: 2 }] })).toEqual([
      "models.fast.stickyBy: it counts for the strategy sticky alone (leave it out, or choose sticky)",
      "models.fast.targets[1].weight: the strategy priority has no weights (leave it out, or choose weighted)",
    ]);
    expect(problems({ strategy: "weighted", targets: [{ target: "eu", weight: 0 }] })).toEqual([
      "models.fast.targets: no target has a weight (give one of them a weight above 0)",
    ]);
    const sticky = { strategy: "sticky", stickyBy: "header:x-session-id", targets: [{ target: "eu", weight: 0.5 }] };
    expect(parseConfig({ targets, models: { fast: sticky } } as object).models.fast).toMatchObject(sticky);
  });

  it.each(["user", "header:", "header:X-Session", "header:x session"])("is not sticky by %j", (stickyBy) => {
    expect(problems({ strategy: "sticky", stickyBy, targets: [{ target: "eu" }] })).toEqual([
      expect.stringContaining("models.fast.stickyBy: expected customer, team, project, feature, key, or a header"),
    ]);
  });

  it("shows its mistakes at their line and column", () => {
    const text = `
targets: { us: { provider: openai, region: us } }
models:
  fast:
    region: eu
    strategy: weihgted
    targets: [{ target: us, weight: -1 }]
routing: { retries: { share: 20 }, errorRate: { above: 0% } }
`;
    expect(problemsOf(text)).toEqual([
      '6:15 models.fast.strategy: expected priority, weighted, sticky (did you mean "weighted"?)',
      "7:25 models.fast.targets[0].target: the target is not in the region eu (name its region, or take it off the list)",
      expect.stringContaining("7:37 models.fast.targets[0].weight: expected a weight from 0 to 1000000 "),
      '8:30 routing.retries.share: expected a share such as "20%" (Further attempts as a share of the calls in the window.)',
      '8:56 routing.errorRate.above: expected a share from "1%" to "100%" (Failed attempts among all.)',
    ]);
  });
});

describe("a key that is pinned to a region", () => {
  it("needs a target there", () => {
    const keys = [{ id: "web", hash: hashes[0], region: "ue" }];
    const targets = { a: { provider: "openai", region: "eu" } };
    expect(problemsOf({ access: { keys }, targets })).toEqual([
      'access.keys[0].region: no target is in the region ue (did you mean "eu"?)',
    ]);
    const right = [{ ...keys[0], region: "eu" }];
    expect(parseConfig({ access: { keys: right }, targets } as object).access?.keys[0]?.region).toBe("eu");
  });
});

describe("what parts of a config say about one another", () => {
  it("has a target for every model", () => {
    expect(problemsOf({ models: { fast: { targets: [{ target: "a" }] } } })).toEqual([
      "models.fast.targets[0].target: there is no target a (there are no targets)",
    ]);
    const far = { ...target({}), models: { fast: { targets: [{ target: "elsewhere" }] } } };
    expect(problemsOf(far)).toEqual(["models.fast.targets[0].target: there is no target elsewhere (targets: a)"]);
  });

  it("says nothing more about a value that is wrong in itself", () => {
    const problems = problemsOf({ models: { fast: { targets: [{ target: "a b" }] } } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("expected a name");
  });

  it("has one id and one hash for each key", () => {
    const keys = [
      { id: "web", hash: hashes[0] },
      { id: "web", hash: hashes[1] },
      { id: "app", hash: hashes[0] },
    ];
    expect(problemsOf({ access: { keys } })).toEqual([
      "access.keys[1].id: another key has this id (give each key an id of its own)",
      "access.keys[2].hash: another key has this hash (remove one of the two, or make a new key)",
    ]);
  });

  it("has one budget for a scope and a window, over keys that exist", () => {
    const access = { keys: [{ id: "web", hash: hashes[0] }] };
    const limit = "$1";
    const right = [
      { limit },
      { limit, window: "day" },
      { limit, scope: { key: "*" } },
      { limit, scope: { key: "web" } },
    ];
    expect(parseConfig({ access, budgets: right } as object).budgets).toHaveLength(4);
    const scope = { team: "a", customer: "*" };
    const wrong = [
      { limit, scope },
      { limit: "$2", scope: { customer: "*", team: "a" }, window: "month" },
      { limit, scope: { key: "wep" } },
    ];
    expect(problemsOf({ access, budgets: wrong })).toEqual([
      "budgets[1]: another budget has this scope and window (keep the one that you mean)",
      'budgets[2].scope.key: there is no key wep (did you mean "web"?)',
    ]);
  });

  it("names formats of secrets that there are", () => {
    const secrets = Object.fromEntries(secretFormats.map((format) => [format, "mask"]));
    expect(parseConfig({ redaction: { secrets } } as object).redaction.secrets).toEqual(secrets);
    expect(problemsOf({ redaction: { secrets: { private_keys: "mask" } } })).toEqual([
      'redaction.secrets.private_keys: there is no such format of secrets (did you mean "private_key"?)',
    ]);
  });

  it("has prompts in a folder that exists, which becomes absolute", () => {
    const here = new URL(import.meta.url).pathname;
    for (const from of ["./no-such-folder", here]) {
      expect(problemsOf({ prompts: { from } })).toEqual([
        "prompts.from: there is no such folder (the path is relative to the config's directory)",
      ]);
    }
    const directory = dirname(dirname(here));
    expect(parseConfig({ prompts: { from: "config" } }, { directory }).prompts).toEqual({ from: dirname(here) });
  });

  it("has lists with names of their own and files that exist", () => {
    const file = new URL(import.meta.url).pathname;
    const lists = [
      { name: "email", file },
      { name: "Customer", file },
      { name: "customer", file },
      { name: "account", file: "./no-such-file" },
    ];
    expect(problemsOf({ redaction: { lists } })).toEqual([
      "redaction.lists[0].name: EMAIL is a built-in type (choose another name)",
      "redaction.lists[2].name: another list has this name (choose another name)",
      "redaction.lists[3].file: there is no such file (the path is relative to the config's directory)",
    ]);
  });

  it.each(["a b ", "*", "é", "x".repeat(129)])("has no attribute that no header could carry: %j", (team) => {
    expect(problemsOf({ access: { keys: [{ id: "web", hash: hashes[0], team }] } })).toHaveLength(1);
  });
});
