import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { toNodeHandler } from "../../adapters/node.ts";
import { createTestGateway, says } from "../../adapters/testing.ts";
import { hashKey, type Receipt } from "../../src/index.ts";

const access = { keys: [{ id: "web", hash: hashKey("psk_web") }] };
const targets = { openai: { provider: "openai" as const, apiKey: "sk-operator" } };

/** A caller that declares a body of 10 MB, sends half a megabyte, and falls silent. */
async function silentCaller(port: number) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes;
  });
  const lines = ["POST /v1/chat/completions HTTP/1.1", "host: a", "authorization: Bearer psk_web"];
  socket.write(`${lines.join("\r\n")}\r\ncontent-type: application/json\r\ncontent-length: 10000000\r\n\r\n`);
  socket.write(Buffer.alloc(500_000, 0x20));
  return { socket, heard: () => text };
}

async function serve(deadline: string) {
  const test = createTestGateway({ targets, access, routing: { deadline } });
  test.answer(says("Hello."));
  await test.gateway.ready;
  const server = createServer(toNodeHandler(test.gateway)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const receipt = async (): Promise<Receipt | undefined> => {
    for (let tries = 0; tries < 500 && test.receipts.length === 0; tries++) await new Promise((r) => setTimeout(r, 10));
    return test.receipts[0];
  };
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await test.close();
  };
  return { test, port: (server.address() as AddressInfo).port, receipt, close };
}

describe("an upload that never ends", () => {
  /** Red when only the attempts have a deadline: then the call waits as long as its caller likes. */
  it("ends at the call's deadline, and its caller can read why", async () => {
    const { test, port, receipt, close } = await serve("300ms");
    const { socket, heard } = await silentCaller(port);
    expect(await receipt()).toMatchObject({ outcome: "failed", code: "deadline_exceeded", attempts: [] });
    while (!heard().includes("deadline_exceeded")) await once(socket, "data");
    expect(heard()).toMatch(/^HTTP\/1\.1 504 /);
    expect(test.requests).toHaveLength(0);
    socket.destroy();
    await close();
  });

  /** Red when a caller that leaves in the middle of its upload is waited for. */
  it("is over once its caller is gone", async () => {
    const { port, receipt, close } = await serve("60s");
    const { socket } = await silentCaller(port);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect(await receipt()).toMatchObject({ outcome: "aborted" });
    await close();
  });
});
