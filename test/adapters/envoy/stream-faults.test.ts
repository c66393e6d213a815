import { createExternalProcessor, type EnvoyMode } from "../../../adapters/envoy/envoy.ts";
import { createTestGateway } from "../../../adapters/testing.ts";
import type { Gateway, Sink } from "../../../src/index.ts";
import { body, codes, connectTo, type EnvoyClient, latin1, opening, protocols, text } from "./client.ts";

const flow = { call: undefined, resume() {}, abort() {} };
const head = { status: 200, headers: { "content-type": "text/event-stream" } };
const bytes = (content: string): Uint8Array => Buffer.from(content);

/** Whatever an engine does: the stream never ends well before an answer has. */
async function withGateway(
  changes: Partial<Gateway>,
  mode: EnvoyMode,
  use: (client: EnvoyClient) => Promise<void>,
): Promise<void> {
  const test = createTestGateway();
  const processor = createExternalProcessor({ ...test.gateway, ...changes }, { mode, listen: "127.0.0.1:0" });
  const client = connectTo(await processor.listen());
  try {
    await use(client);
  } finally {
    client.close();
    await processor.close(0);
    await test.close();
  }
}

const handles = (handle: Gateway["handle"], use: (client: EnvoyClient) => Promise<void>): Promise<void> =>
  withGateway({ handle }, "terminate", use);

const pushes =
  (push: (to: Sink) => void): Gateway["handle"] =>
  (_request, to) => {
    setImmediate(push, to);
    return flow;
  };

describe("an engine that misbehaves", () => {
  it("does not begin a streamed answer before the request has ended", async () => {
    const early = pushes((to) => {
      to.head(head);
      to.data(bytes("early"));
    });
    await handles(early, async (client) => {
      const call = client.talk();
      call.send(opening({ protocol: protocols.terminate }));
      await client.health();
      await client.health();
      expect(call.said).toHaveLength(0);
      call.send(body("request", "", true));
      const first = (await call.next()).streamedImmediateResponse;
      expect(latin1(first?.headersResponse?.headers.headers[0]?.rawValue)).toBe("200");
      expect(text((await call.next()).streamedImmediateResponse?.bodyResponse?.body)).toBe("early");
      call.reset();
    });
  });

  it("answers at once what ended before the request did", async () => {
    const refused = pushes((to) => {
      to.head({ status: 418, headers: {} });
      to.data(bytes("no"));
      to.end();
    });
    await handles(refused, async (client) => {
      const call = client.talk();
      call.send(opening({ protocol: protocols.terminate }));
      const said = await call.next();
      expect(said.immediateResponse?.status.code).toBe(418);
      expect(text(said.immediateResponse?.body)).toBe("no");
      call.reset();
    });
  });

  it.each([
    ["before its head", (to: Sink) => to.fail(new Error("a mistake"))],
    [
      "after its head",
      (to: Sink) => {
        to.head(head);
        to.fail(new Error("a mistake"));
      },
    ],
    [
      "after some of it",
      (to: Sink) => {
        to.head(head);
        to.data(bytes("some"));
        to.fail(new Error("a mistake"));
      },
    ],
  ])("ends with an error status when an answer fails %s", async (_when, push) => {
    await handles(pushes(push), async (client) => {
      const call = client.talk();
      call.send(opening({ protocol: protocols.terminate, endOfStream: true }));
      const { code, details } = await call.ended;
      expect(code).toBe(codes.aborted);
      expect(details).not.toContain("mistake");
    });
  });

  it("ends with an error status when it throws", async () => {
    const throws: Gateway["handle"] = () => {
      throw new Error("a mistake");
    };
    await handles(throws, async (client) => {
      const call = client.talk();
      call.send(opening({ protocol: protocols.terminate, endOfStream: true }));
      expect(await call.ended).toEqual({ code: codes.internal, details: "failed" });
    });
  });

  const open: Gateway["open"] = () => {
    throw new Error("a mistake");
  };
  it.each([
    ["transform", protocols.buffered, false],
    ["tap", protocols.tap, true],
  ] as const)(
    "ends with an error status when it cannot even open a call: %s",
    async (mode, protocol, observabilityMode) => {
      await withGateway({ open }, mode, async (client) => {
        const call = client.talk();
        call.send(opening({ protocol, observabilityMode }));
        expect(await call.ended).toEqual({ code: codes.internal, details: "failed" });
      });
    },
  );

  it.each(["admitted", "receive", "next"] as const)(
    "ends with an error status when a call fails: %s",
    async (where) => {
      const test = createTestGateway();
      const broken = (): Promise<never> => Promise.reject(new Error("a mistake"));
      const failing: Gateway["open"] = () =>
        new Proxy(test.gateway.open({ method: "POST", url: "/nothing", headers: {} }), {
          get(call, name) {
            if (name === where) return where === "admitted" ? broken() : broken;
            return name === "admitted" ? Promise.resolve(1_000) : Reflect.get(call, name);
          },
        });
      await withGateway({ open: failing }, "transform", async (client) => {
        const call = client.talk();
        call.send(opening({ protocol: protocols.buffered }));
        call.send(body("request", "{}", true));
        expect(await call.ended).toEqual({ code: codes.internal, details: "failed" });
      });
      await test.close();
    },
  );
});

describe("a filter", () => {
  it("that was made for another mode is refused, and one for this mode is not", async () => {
    await withGateway({}, "terminate", async (client) => {
      const other = client.talk({ "x-postern-mode": "transform" });
      other.send(opening({ protocol: protocols.terminate, endOfStream: true }));
      expect((await other.ended).code).toBe(codes.failedPrecondition);
      const own = client.talk({ "x-postern-mode": "terminate" });
      own.send(opening({ protocol: protocols.terminate, endOfStream: true, headers: { ":path": "/v1/files" } }));
      expect((await own.next()).immediateResponse?.status.code).toBe(403);
      own.reset();
    });
  });
});
