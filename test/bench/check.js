/** Is the work really done? Answers are compared byte for byte with what a caller has to see. */
import { openConnection } from "./client.js";
import { requestsFor } from "./measure.js";
import { answerBody, restored, streamEvents, streamPieces, textOfStream, variants } from "./traffic.js";

const isPostern = ({ name }) => name.startsWith("postern");

function expected(system, { events }, variant) {
  const text = events === undefined ? answerBody().toString() : streamPieces(events).join("");
  return isPostern(system) ? restored(text, variant) : text;
}

/** One answer of every variant; throws for the first that is not what it has to be. */
export async function verify(system, scenario) {
  const connection = await openConnection(system.port);
  const requests = requestsFor(scenario, system);
  for (let variant = 0; variant < variants; variant++) {
    const { body } = await connection.send(requests[variant], true);
    const got = scenario.events === undefined ? body.toString() : textOfStream(body);
    if (got !== expected(system, scenario, variant)) {
      throw new Error(`${system.name}, ${scenario.name}: the answer is not the one to be seen:\n${got}`);
    }
    if (scenario.events !== undefined && !body.toString().endsWith("data: [DONE]\n\n")) {
      throw new Error(`${system.name}, ${scenario.name}: the stream is cut off`);
    }
  }
  connection.close();
  return variants;
}

/** Bytes of one event of a stream, on average. */
export function eventBytes(events) {
  const all = streamEvents(events);
  return Math.round(all.reduce((sum, event) => sum + event.length, 0) / all.length);
}

/** What Postern says it did against what was asked of it: lines to print, and whether everything was done. */
export function account(counts, requests) {
  const lines = [
    ["requests answered", counts.answered, requests],
    ["records", counts.records, requests],
    ["records with redacted request and answer", counts.payloads, requests],
    ["identifiers hidden", counts.masked, requests * 5],
    ["reservations", counts.reserved, requests],
    ["settlements", counts.settled, requests],
  ];
  return { lines, complete: lines.every(([, got, wanted]) => got === wanted), dollars: counts.dollars };
}
