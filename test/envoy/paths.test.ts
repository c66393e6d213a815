import { echoes } from "../../adapters/testing.ts";
import type { OwnStep } from "../../src/index.ts";
import { everything, personal } from "../adapters/scene.ts";
import { describeRealEnvoy } from "../doubles/real-envoy.ts";
import { call } from "./http.ts";
import { beginOnEnvoy, type EnvoyScene } from "./scene.ts";

const failing: OwnStep = {
  after: "redaction",
  step: {
    name: "failing",
    open: ({ head }) => ({
      request() {
        if (head.headers["x-fail"] !== undefined) throw new Error(`it saw ${everything}`);
      },
    }),
  },
};

/** What an operator may add: one exact path that is not for the processor, and the provider behind it. */
function withExemption(bootstrap: string, provider: string): string {
  const { port } = new URL(provider);
  const off = "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute";
  return bootstrap
    .replace(
      /( +)routes:\n/,
      `$1routes:
$1- match: { path: "/public" }
$1  route: { cluster: exempt }
$1  typed_per_filter_config: { envoy.filters.http.ext_proc: { "@type": ${off}, disabled: true } }
`,
    )
    .replace(
      "\n  clusters:\n",
      `
  clusters:
  - name: exempt
    type: STATIC
    load_assignment:
      cluster_name: exempt
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } } }] }]
`,
    );
}

describeRealEnvoy("no way around", (line) => {
  describe.each(["terminate", "transform"] as const)("in %s", (mode) => {
    let scene: EnvoyScene;
    beforeAll(async () => {
      scene = await beginOnEnvoy({ line, mode, options: { steps: [failing] }, bootstrap: withExemption });
      scene.provider.answer(echoes);
    });
    afterAll(() => scene.close());

    const redacts = async (path: string): Promise<number> => {
      const before = scene.provider.requests.length;
      const answer = await call(scene.envoy.url, everything, { path });
      if (answer.status === 200) expect(answer.text).toContain(personal[0]);
      expect(scene.provider.requests).toHaveLength(answer.status === 200 ? before + 1 : before);
      for (const value of personal) expect(scene.wire.sent()).not.toContain(value);
      return answer.status;
    };

    it.each([
      "/v1/chat/completions",
      "//v1//chat/completions",
      "/./v1/chat/completions",
      "/elsewhere/../v1/chat/completions",
      "/public/../v1/chat/completions",
      "/public//../../v1/chat/completions",
      "/public/%2e%2e/v1/chat/completions",
    ])("%s is made plain, and redacted", async (path) => {
      expect(await redacts(path)).toBe(200);
    });

    it.each([
      "/public/..%2fv1/chat/completions",
      "/public%2f..%2fv1/chat/completions",
      "/public/..%5cv1/chat/completions",
      "/public;/../v1/chat",
    ])("%s is refused", async (path) => {
      expect([400, 403, 404]).toContain(await redacts(path));
    });

    it("an exception in a step: an error that tells nothing, and nothing leaves", async () => {
      const before = scene.provider.requests.length;
      const answer = await call(scene.envoy.url, everything, { headers: { "x-fail": "yes" } });
      expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([500, "internal_error"]);
      for (const value of personal) expect(answer.text).not.toContain(value);
      expect(scene.provider.requests).toHaveLength(before);
      for (const value of personal) expect(scene.wire.sent()).not.toContain(value);
    });

    it("what goes to the provider carries no header but those that the engine chose", async () => {
      const headers = {
        "x-postern-route": "second",
        cookie: "session=1",
        "x-forwarded-for": "10.1.2.3",
        "x-request-id": "callers-own",
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-own": "1",
      };
      expect((await call(scene.envoy.url, "hello", { headers })).status).toBe(200);
      const received = scene.provider.requests.at(-1)?.headers ?? {};
      const known = [
        "host",
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "traceparent",
      ];
      expect(Object.keys(received).filter((name) => !known.includes(name) && name !== "connection")).toEqual([]);
      expect(received).toMatchObject({ authorization: "Bearer sk-operator", host: new URL(scene.wire.url).host });
    });

    /** Last, since from here on the wire has what the exempt path let by: it shows that the tests above would see a leak. */
    it("the exempt path itself goes by unread, by the operator's choice", async () => {
      await call(scene.envoy.url, everything, { path: "/public" });
      for (const value of personal) expect(scene.wire.sent()).toContain(value);
    });
  });
});
