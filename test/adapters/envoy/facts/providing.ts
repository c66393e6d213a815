import { pause } from "./moments.ts";
import type { Providing } from "./provider.ts";

/** An answer in pieces that come apart from each other, chunked. */
export const inPieces =
  (...pieces: readonly string[]): Providing =>
  async (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    for (const each of pieces) {
      await pause(40);
      response.write(each);
    }
    await pause(40);
    response.end();
  };

/** One that begins, and only ends when it is cut; a second piece follows when it is asked for. */
export const endless: Providing = async (_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  for (let number = 0; number < 50 && !response.destroyed; number++) {
    response.write(`piece ${number};`);
    await pause(40);
  }
  response.end();
};

/** Breaks off within its body. */
export const cut: Providing = async (_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("half");
  await pause(100);
  response.destroy();
};
