import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as open } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSidecar } from "../../adapters/sidecar/sidecar.ts";
import { hashKey, silent } from "../../src/index.ts";

const handshake = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "x",
};

describe("the sidecar", () => {
  /** Red when only apps take upgrades; or when closing waits for a socket that never ends. */
  it("carries WebSockets that its config lists, until it ends", async () => {
    const provider = createServer().on("upgrade", (_request, socket) => {
      socket.on("error", () => {});
      socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n");
      socket.pipe(socket);
    });
    provider.listen(0, "127.0.0.1");
    await once(provider, "listening");
    const folder = mkdtempSync(join(tmpdir(), "postern-pass-through-"));
    const config = join(folder, "postern.yaml");
    const { port: providerPort } = provider.address() as AddressInfo;
    process.env.POSTERN_TEST_KEY = "sk-operator";
    writeFileSync(
      config,
      `targets:
  openai: { provider: openai, apiKey: env:POSTERN_TEST_KEY, baseUrl: "http://127.0.0.1:${providerPort}/v1" }
access:
  keys: [ { id: web, hash: "${hashKey("psk_web")}" } ]
passThrough: [ /v1/realtime ]
`,
    );
    const sidecar = await startSidecar({ config, log: silent, port: 0 });
    const knock = (path: string) =>
      open({
        port: sidecar.address.port,
        path,
        agent: false,
        headers: { ...handshake, authorization: "Bearer psk_web" },
      }).end();
    const [, socket] = (await once(knock("/v1/realtime"), "upgrade")) as [unknown, Socket];
    socket.write("ping");
    expect(String((await once(socket, "data"))[0])).toBe("ping");
    const [refused] = await once(knock("/v1/other"), "response");
    expect(refused.statusCode).toBe(403);
    socket.on("error", () => {});
    await Promise.all([sidecar.close(10), once(socket, "close")]);
    provider.close();
    rmSync(folder, { recursive: true });
  });
});
