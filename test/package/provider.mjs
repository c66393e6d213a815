// Loaded before a program: connections to OpenAI's host lead to a provider in the same process that repeats what it is told.
import { createServer } from "node:http";
import net from "node:net";
import tls from "node:tls";

globalThis.provider = { bodies: [] };
const server = createServer(async (request, response) => {
  let text = "";
  for await (const piece of request) text += piece;
  globalThis.provider.bodies.push(text);
  const { model, messages } = JSON.parse(text);
  const choice = { index: 0, finish_reason: "stop", message: { role: "assistant", content: messages.at(-1).content } };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ id: "c-1", object: "chat.completion", created: 1, model, choices: [choice] }));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address();

const { connect } = tls;
tls.connect = (...words) => {
  const options = words.find((word) => typeof word === "object" && word !== null) ?? {};
  if (![options.host, options.hostname, options.servername].includes("api.openai.com")) return connect(...words);
  const socket = net.connect(port, "127.0.0.1");
  socket.authorized = true;
  socket.once("connect", () => socket.emit("secureConnect"));
  return socket;
};
