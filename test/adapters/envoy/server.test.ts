import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { createExternalProcessor } from "../../../adapters/envoy/envoy.ts";
import { createTestGateway } from "../../../adapters/testing.ts";
import { gate } from "../../doubles/gate.ts";
import { asking, chunk, config, inTwo, streams, until } from "../scene.ts";
import { body, type Conversation, codes, connectTo, type EnvoyClient, opening, protocols, text } from "./client.ts";
import { startLab } from "./lab.ts";

const protocol = protocols.terminate;

function asks(client: EnvoyClient, fields: object = {}): Conversation {
  const call = client.talk();
  call.send(opening({ protocol }));
  call.send(body("request", asking("Hi.", fields).body ?? "", true));
  return call;
}

async function answers(client: EnvoyClient): Promise<void> {
  const call = asks(client);
  expect((await call.next()).immediateResponse?.status.code).toBe(200);
  call.reset();
}

const folders: string[] = [];
const folderOf = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "postern-"));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const started = async (options: Parameters<typeof createExternalProcessor>[1]) => {
  const test = createTestGateway(config()("http://127.0.0.1:1"));
  const processor = createExternalProcessor(test.gateway, options);
  const address = await processor.listen();
  return {
    address,
    processor,
    async close() {
      await processor.close(0);
      await test.close();
    },
  };
};

describe("where it listens", () => {
  it("tells the port that it got", async () => {
    const running = await started({ listen: "127.0.0.1:0" });
    expect(running.address).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
    const client = connectTo(running.address);
    await answers(client);
    client.close();
    await running.close();
  });

  it("serves a Unix socket, removes what another left behind, and leaves nothing itself", async () => {
    const path = join(folderOf(), "postern.sock");
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    try {
      execFileSync(process.execPath, ["-e", script]);
    } catch {
      // Killed: its file stays.
    }
    expect(existsSync(path)).toBe(true);
    const running = await started({ listen: `unix:${path}` });
    expect(running.address).toBe(`unix:${path}`);
    const client = connectTo(running.address);
    await answers(client);
    client.close();
    await running.close();
    expect(existsSync(path)).toBe(false);
  });

  it("does not take a socket that somebody serves, nor a file that is none", async () => {
    const folder = folderOf();
    const [taken, file] = [join(folder, "taken.sock"), join(folder, "notes.txt")];
    const server = createServer().listen(taken);
    writeFileSync(file, "notes");
    const test = createTestGateway();
    for (const path of [taken, file]) {
      const processor = createExternalProcessor(test.gateway, { listen: `unix:${path}` });
      await expect(processor.listen()).rejects.toThrow(/somebody else|something else/);
      await processor.close(0);
    }
    expect(server.listening && existsSync(taken)).toBe(true);
    expect(readFileSync(file, "utf8")).toBe("notes");
    server.close();
    await test.close();
  });

  it.each(["", "50051", "localhost", "127.0.0.1:70000", "unix:", "http://127.0.0.1:1"])(
    "refuses %j as an address",
    (listen) => {
      const test = createTestGateway();
      expect(() => createExternalProcessor(test.gateway, { listen })).toThrow(TypeError);
    },
  );

  it("does not listen for a gateway that cannot work", async () => {
    const test = createTestGateway();
    const broken = { ...test.gateway, ready: Promise.reject(new Error("no list")) };
    const processor = createExternalProcessor(broken, { listen: "127.0.0.1:0" });
    await expect(processor.listen()).rejects.toThrow("no list");
    await processor.close(0);
    await test.close();
  });
});

describe("TLS", () => {
  const folder = folderOf();
  const at = (name: string): string => join(folder, name);
  const openssl = (...words: string[]): void => {
    execFileSync("openssl", words, { cwd: folder, stdio: "ignore" });
  };
  const read = (name: string): Buffer => readFileSync(at(name));

  beforeAll(() => {
    for (const name of ["ca", "server", "caller"])
      openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", `${name}.key`);
    openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=ca", "-days", "2", "-out", "ca.pem");
    writeFileSync(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    for (const name of ["server", "caller"]) {
      openssl("req", "-new", "-key", `${name}.key`, "-subj", `/CN=${name}`, "-out", `${name}.csr`);
      openssl(
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "names",
        "-out",
        `${name}.pem`,
      );
    }
  });

  it("serves it from files and from texts", async () => {
    for (const tls of [
      { cert: at("server.pem"), key: at("server.key") },
      { cert: read("server.pem").toString(), key: read("server.key").toString() },
    ]) {
      const running = await started({ listen: "127.0.0.1:0", tls });
      const client = connectTo(running.address, grpc.credentials.createSsl(read("ca.pem")));
      await answers(client);
      client.close();
      await running.close();
    }
  });

  it("lets nobody in without a certificate, where it asks for one", async () => {
    const tls = { cert: at("server.pem"), key: at("server.key"), clientCa: at("ca.pem") };
    const running = await started({ listen: "127.0.0.1:0", tls });
    const known = connectTo(
      running.address,
      grpc.credentials.createSsl(read("ca.pem"), read("caller.key"), read("caller.pem")),
    );
    await answers(known);
    const strangers = [grpc.credentials.createSsl(read("ca.pem")), grpc.credentials.createInsecure()];
    for (const credentials of strangers) {
      const stranger = connectTo(running.address, credentials);
      expect((await asks(stranger).ended).code).toBe(codes.unavailable);
      stranger.close();
    }
    known.close();
    await running.close();
  });
});

describe("bounds", () => {
  it("refuses a call above its bound, and takes the next one when one has ended", async () => {
    const lab = await startLab({ processor: { calls: 1 } });
    const first = lab.client.talk();
    first.send(opening({ protocol }));
    const second = asks(lab.client);
    const ended = await second.ended;
    expect(ended.code).toBe(codes.resourceExhausted);
    first.send(body("request", asking("Hi.").body ?? "", true));
    expect((await first.next()).immediateResponse?.status.code).toBe(200);
    first.reset();
    let code: number = codes.resourceExhausted;
    while (code === codes.resourceExhausted) {
      const next = asks(lab.client);
      code = await Promise.race([next.ended.then((end) => end.code), next.next().then(() => codes.ok)]).catch(
        () => code,
      );
      next.reset();
    }
    expect(code).toBe(codes.ok);
    await lab.close();
  });

  it("ends a call with an error when one message is larger than it takes", async () => {
    const lab = await startLab({ processor: { messageBytes: 10_000 } });
    const call = lab.client.talk();
    call.send(opening({ protocol }));
    call.send(body("request", Buffer.alloc(20_000)));
    expect((await call.ended).code).toBe(codes.resourceExhausted);
    await lab.settled(1);
    await lab.close();
  });
});

describe("health", () => {
  it("serves, and tells which services it knows", async () => {
    const lab = await startLab({});
    expect(await lab.client.health()).toBe(1);
    expect(await lab.client.health("envoy.service.ext_proc.v3.ExternalProcessor")).toBe(1);
    await expect(lab.client.health("other")).rejects.toMatchObject({ code: 5 });
    await lab.close();
  });
});

describe("closing", () => {
  it("lets running streams finish and refuses new ones", async () => {
    const lab = await startLab({});
    const rest = gate();
    lab.provider.answer(inTwo(rest.opened));
    const call = asks(lab.client, { stream: true });
    await call.next();
    await call.next();
    const closed = lab.processor.close(5_000);
    const late = connectTo(lab.address);
    expect((await asks(late).ended).code).toBe(codes.unavailable);
    expect((await asks(lab.client).ended).code).toBe(codes.unavailable);
    rest.open();
    let content = "";
    for (let last = false; !last; ) {
      const piece = (await call.next()).streamedImmediateResponse?.bodyResponse;
      content += text(piece?.body);
      last = piece?.endOfStream ?? false;
    }
    expect(content).toContain("Two");
    expect(content).toContain("[DONE]");
    call.reset();
    await closed;
    late.close();
    await lab.settled(1);
    await lab.close();
  });

  it("ends what has not finished in time with an error, never well", async () => {
    const lab = await startLab({});
    lab.provider.answer(streams([chunk({ content: "One" })], "silent"));
    const call = asks(lab.client, { stream: true });
    await call.next();
    await call.next();
    const upload = lab.client.talk();
    upload.send(opening({ protocol }));
    await until(() => lab.provider.requests.length === 1);
    await lab.processor.close(20);
    expect((await upload.ended).code).toBe(codes.unavailable);
    const ended = await call.ended;
    const last = call.said.at(-1)?.streamedImmediateResponse?.bodyResponse;
    expect(ended.code !== codes.ok || last?.endOfStream === true).toBe(true);
    await lab.close();
  });

  it("may be closed before it listens, and twice", async () => {
    const test = createTestGateway();
    const processor = createExternalProcessor(test.gateway, { listen: "127.0.0.1:0" });
    await processor.close();
    await processor.close();
    await test.close();
  });

  it("closes the gateway that it made, and not one that it was given", async () => {
    const own = createExternalProcessor({}, { listen: "127.0.0.1:0" });
    const test = createTestGateway();
    const given = createExternalProcessor(test.gateway, { listen: "127.0.0.1:0" });
    for (const processor of [own, given]) {
      await processor.listen();
      await processor.close(0);
    }
    const head = { method: "POST", url: "/v1/chat/completions", headers: {} };
    const draining = (processor: typeof own): boolean => {
      const call = processor.gateway.open(head);
      const refused = Buffer.from(call.reply().body).includes("draining");
      call.abort(undefined);
      return refused;
    };
    expect([draining(own), draining(given)]).toEqual([true, false]);
    await test.close();
  });
});
