import { createServer } from "node:http";
import { answerWith, askedIn } from "../../adapters/testing-wire.ts";

/** What stands for OpenAI here: it says what it is told. */
export const provider = (received: string[]) =>
  createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString("utf8");
    received.push(body);
    const asked = askedIn(request.url ?? "", body);
    const answer = answerWith(asked, asked.text);
    response.writeHead(200, { "content-type": answer.contentType }).end(answer.pieces.join(""));
  });
