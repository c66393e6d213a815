import { gzipSync } from "node:zlib";
import type { Message, Part } from "../../../adapters/envoy/codec/messages.ts";
import { createInflate } from "../../../adapters/envoy/inflate.ts";
import { localFailure } from "../../../adapters/envoy/local-reply.ts";
import type { Mode, Parts } from "../../../adapters/envoy/mode.ts";
import { Order } from "../../../adapters/envoy/order.ts";
import { Stream } from "../../../adapters/envoy/stream.ts";
import { Upload } from "../../../adapters/envoy/upload.ts";
import { body, opening, ProcessingRequest, protocols } from "./client.ts";

const nothing = new Uint8Array(0);
const wire = (message: object): Buffer =>
  Buffer.from(ProcessingRequest.encode(ProcessingRequest.fromObject(message)).finish());

describe("the order of messages", () => {
  type Word = "H" | "h" | "B" | "b" | "T" | "rH" | "rB" | "rb" | "rT";
  const partOf = (word: Word): Part => {
    const side = word.startsWith("r") ? "response" : "request";
    const letter = word.at(-1) ?? "";
    if (letter === "T") return { part: "trailers", side, headers: [] };
    const last = letter === letter.toLowerCase();
    return letter.toUpperCase() === "H"
      ? { part: "headers", side, headers: [], last }
      : { part: "body", side, bytes: nothing, last };
  };
  const placed = (...words: readonly Word[]): string | undefined => {
    const order = new Order();
    return words.map((word) => order.place(partOf(word))).at(-1);
  };

  it.each<readonly [string, readonly Word[]]>([
    ["a request without a body", ["h"]],
    ["a request and its end", ["H", "B", "B", "b"]],
    ["a request that ends with trailers", ["H", "B", "T"]],
    ["an answer after its request", ["H", "b", "rH", "rB", "rb"]],
    ["an answer before its request's end", ["H", "B", "rH", "B", "rB", "b"]],
    ["an answer's trailers", ["h", "rH", "rB", "rT"]],
  ])("is right: %s", (_what, words) => expect(placed(...words)).toBe("right"));

  it.each<readonly [string, readonly Word[]]>([
    ["a body first", ["B"]],
    ["an answer first", ["rH"]],
    ["headers twice", ["H", "H"]],
    ["headers after the end", ["h", "H"]],
    ["an answer's body without its head", ["h", "rB"]],
    ["trailers after the end", ["H", "b", "T"]],
    ["trailers twice", ["H", "T", "T"]],
  ])("is wrong: %s", (_what, words) => expect(placed(...words)).toBe("wrong"));

  it("knows a second end, which Envoy has been seen to send", () => {
    expect(placed("H", "b", "b")).toBe("late");
    expect(placed("h", "rH", "rb", "rB")).toBe("late");
  });
});

describe("an upload", () => {
  const paced = () => {
    const said: string[] = [];
    return { said, upload: new Upload({ pause: () => said.push("pause"), resume: () => said.push("resume") }) };
  };
  const read = async (upload: Upload): Promise<string> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of upload) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };

  it("is read as it was pushed, before and after it is waited for", async () => {
    const { upload } = paced();
    upload.push(Buffer.from("a"));
    const reading = read(upload);
    upload.push(Buffer.from("b"));
    await new Promise((resolve) => setImmediate(resolve));
    upload.push(Buffer.from("c"));
    upload.push(nothing);
    upload.end();
    upload.push(Buffer.from("late"));
    expect(await reading).toBe("abc");
  });

  it("asks for a pause while much of it waits, once, and goes on when it is taken", async () => {
    const { upload, said } = paced();
    for (let mebibytes = 0; mebibytes < 4; mebibytes++) upload.push(Buffer.alloc(1_048_576));
    expect(said).toEqual([]);
    upload.push(Buffer.alloc(1));
    upload.push(Buffer.alloc(1));
    expect(said).toEqual(["pause"]);
    upload.end();
    await read(upload);
    expect(said).toEqual(["pause", "resume"]);
  });

  it("ends with what broke it off", async () => {
    const { upload } = paced();
    const reading = read(upload);
    upload.fail(new Error("gone"));
    await expect(reading).rejects.toThrow("gone");
  });

  it("keeps nothing that nobody reads", async () => {
    const { upload, said } = paced();
    upload.push(Buffer.alloc(10));
    for await (const _piece of upload) break;
    for (let mebibytes = 0; mebibytes < 20; mebibytes++) upload.push(Buffer.alloc(1_048_576));
    expect(said).toEqual([]);
  });
});

describe("undoing a content-encoding", () => {
  const opened = (encoding: string, most = 1_000_000) => {
    const inflate = createInflate({ "content-encoding": encoding }, most);
    if (inflate === undefined || inflate === "unknown") throw new Error("nothing to undo");
    return inflate;
  };

  it("is asked for where there is one", () => {
    expect(createInflate({}, 1)).toBeUndefined();
    expect(createInflate({ "content-encoding": "identity" }, 1)).toBeUndefined();
    expect(createInflate({ "content-encoding": "compress" }, 1)).toBe("unknown");
    expect(createInflate({ "content-encoding": ["gzip", "gzip"] }, 1)).toBe("unknown");
  });

  it("hands out what can be read after each message", async () => {
    const inflate = opened("gzip");
    const [one, two] = [gzipSync("One"), gzipSync("Two")];
    expect(Buffer.concat(await inflate.write(one, false)).toString()).toBe("One");
    const rest = [
      ...(await inflate.write(two.subarray(0, 12), false)),
      ...(await inflate.write(two.subarray(12), true)),
    ];
    expect(Buffer.concat(rest).toString()).toBe("Two");
  });

  it("does not let a small answer become an enormous one", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    await expect(opened("gzip").write(bomb, true)).rejects.toMatchObject({ code: "answer_too_large" });
  });

  it("knows an answer that was cut short from one that is corrupt, and stays broken", async () => {
    const whole = gzipSync("Some text that is long enough.");
    await expect(opened("gzip").write(whole.subarray(0, 20), true)).rejects.toMatchObject({ code: "upstream_broken" });
    const corrupt = opened("gzip");
    await expect(corrupt.write(Buffer.from("no gzip at all"), false)).rejects.toMatchObject({
      code: "upstream_invalid",
    });
    await expect(corrupt.write(whole, true)).rejects.toMatchObject({ code: "upstream_invalid" });
  });

  it("comes to an end where something follows the encoded body", async () => {
    const inflate = opened("gzip");
    const first = await inflate.write(Buffer.concat([gzipSync("One"), Buffer.alloc(30)]), false);
    const rest = await inflate.write(Buffer.alloc(10), true).catch(() => []);
    expect(Buffer.concat([...first, ...rest]).toString()).toBe("One");
  });
});

describe("an answer of Envoy's own", () => {
  const html = { "content-type": "text/html" };
  const plain = { "content-type": "text/plain" };
  const failure = (
    status: number,
    headers: Record<string, string>,
    details?: string,
    left = true,
  ): string | undefined =>
    localFailure({ status, headers }, details === undefined ? {} : { "response.code_details": details }, left)?.code;

  it("is known by what Envoy tells of it", () => {
    expect(failure(503, plain, "via_upstream")).toBeUndefined();
    expect(failure(503, plain, "upstream_reset_before_response_started{connection_failure}")).toBe("upstream_broken");
    expect(failure(503, plain, "no_healthy_upstream")).toBe("upstream_unreachable");
    expect(failure(504, plain, "response_timeout")).toBe("upstream_timeout");
    expect(failure(404, {}, "route_not_found")).toBe("no_target");
    expect(failure(503, {}, "direct_response")).toBe("no_target");
  });

  it("is known by its looks where Envoy tells nothing", () => {
    expect(failure(503, plain)).toBe("upstream_unreachable");
    expect(failure(504, plain)).toBe("upstream_timeout");
    expect(failure(503, html)).toBeUndefined();
    expect(failure(500, plain)).toBeUndefined();
    expect(failure(200, plain)).toBeUndefined();
  });

  it("is the only one that can come before the request has left", () => {
    expect(failure(413, plain, undefined, false)).toBe("body_too_large");
    expect(failure(408, plain, undefined, false)).toBe("internal_error");
  });
});

describe("a stream", () => {
  it("takes one message after the other, and asks for silence while one takes its time", async () => {
    const said: string[] = [];
    let go = (): void => {};
    const mode: Mode = {
      take({ part }: Part, _message: Message) {
        said.push(part);
        return part === "headers"
          ? new Promise<void>((resolve) => {
              go = resolve;
            })
          : undefined;
      },
      gone: () => said.push("gone"),
      cut() {},
      drained() {},
    };
    const transport = {
      write: () => true,
      end: () => said.push("end"),
      fail: (status: number) => said.push(`fail ${status}`),
      pause: () => said.push("pause"),
      resume: () => said.push("resume"),
    };
    const stream = new Stream({} as Parts, () => mode, transport);
    stream.message(wire(opening({ protocol: protocols.buffered })));
    stream.message(wire(body("request", "x", true)));
    expect(said).toEqual(["headers", "pause"]);
    go();
    await new Promise((resolve) => setImmediate(resolve));
    expect(said).toEqual(["headers", "pause", "resume", "body"]);
    stream.cancelled();
    stream.message(wire(body("request", "x", true)));
    stream.ended();
    expect(said.slice(4)).toEqual(["fail 1", "gone"]);
  });
});
