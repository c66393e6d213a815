import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import { createExternalProcessor } from "../../adapters/envoy/envoy.ts";
import { toEnvoyBootstrap } from "../../adapters/envoy-bootstrap/bootstrap.ts";
import { echoes } from "../../adapters/testing.ts";
import { createGateway, silent } from "../../src/index.ts";
import { everything, personal, saidIn } from "../adapters/scene.ts";
import { type LoopbackProvider, startProvider } from "../doubles/provider.ts";
import { describeRealEnvoy, type EnvoyLine, startRealEnvoy } from "../doubles/real-envoy.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { call } from "./http.ts";
import { configFor } from "./scene.ts";

/** What lies before the provider and speaks TLS with the names that callers asked for. */
interface Front {
  readonly server: Server;
  readonly names: readonly string[];
}

async function startFront({ certificate, key }: Certificates, provider: LoopbackProvider): Promise<Front> {
  const names: string[] = [];
  const options = { cert: readFileSync(certificate), key: readFileSync(key), ALPNProtocols: ["http/1.1"] };
  const server = createServer(options, (socket) => {
    names.push(String((socket as typeof socket & { readonly servername?: string | false }).servername));
    const { hostname, port } = new URL(provider.url);
    const inner: Socket = connect(Number(port), hostname);
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      one.on("error", () => {}).on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, names };
}

describeRealEnvoy("in transform over TLS", (line) => {
  let files: Certificates;
  let strangers: Certificates;
  let provider: LoopbackProvider;
  let front: Front;
  beforeAll(async () => {
    [files, strangers] = [makeCertificates(), makeCertificates()];
    provider = await startProvider();
    provider.answer(echoes);
    front = await startFront(files, provider);
  });
  afterAll(async () => {
    front.server.close();
    await provider.close();
    files.remove();
    strangers.remove();
  });

  it("a call reaches a provider that the authority vouches for, by its name, and is protected", async () => {
    const before = provider.requests.length;
    const { answer, host } = await ask(line, files.authority);
    expect([answer.status, saidIn(answer.text)]).toEqual([200, everything]);
    expect(front.names.at(-1)).toBe("localhost");
    expect(provider.requests.length).toBe(before + 1);
    const received = provider.requests.at(-1);
    expect(received?.headers).toMatchObject({ host, authorization: "Bearer sk-operator" });
    expect(received?.body).toContain("[EMAIL_1]");
    for (const value of personal) expect(received?.body).not.toContain(value);
  });

  it("nothing is sent to one for which it does not", async () => {
    const before = provider.requests.length;
    const { answer } = await ask(line, strangers.authority);
    expect(answer.status).toBeGreaterThanOrEqual(502);
    for (const value of personal) expect(answer.text).not.toContain(value);
    expect(provider.requests).toHaveLength(before);
  });

  async function ask(line: EnvoyLine, authorities: string) {
    const { port } = front.server.address() as AddressInfo;
    const config = configFor(`https://localhost:${port}`);
    const gateway = createGateway(config, { log: silent });
    const processor = createExternalProcessor(gateway, { mode: "transform", listen: "127.0.0.1:0" });
    const options = { mode: "transform", listener: "127.0.0.1:0", authorities } as const;
    const bootstrap = toEnvoyBootstrap(config, { ...options, processor: await processor.listen() });
    const envoy = await startRealEnvoy({ line, bootstrap });
    try {
      return { answer: await call(envoy.url, everything), host: `localhost:${port}` };
    } finally {
      await envoy.close();
      await processor.close(200);
    }
  }
});
