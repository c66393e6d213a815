/** Is the work really done? Answers are compared with what a caller has to see: whole ones of its own wire byte for byte, others by their text. */
import { openConnection } from "./client.js";
import { requestsFor, wireOf } from "./measure.js";
import { answerText, restored, streamPieces, variants } from "./traffic.js";
import { wires } from "./wires.js";

const isPostern = ({ name }) => name.startsWith("postern");
const crosses = ({ caller, provider }) => caller !== provider;

/** How an answer is looked at, and what it is where nothing is hidden. */
function reading(scenario, wire) {
  if (scenario.events !== undefined) return [wire.textOfStream, streamPieces(scenario.events).join("")];
  return crosses(scenario) ? [wire.textOf, answerText] : [String, wire.body().toString()];
}

/** One answer of every variant; throws for the first that is not what it has to be. */
export async function verify(system, scenario) {
  const connection = await openConnection(system.port);
  const requests = requestsFor(scenario, system);
  const wire = wires[wireOf(scenario, system)];
  const [read, text] = reading(scenario, wire);
  for (let variant = 0; variant < variants; variant++) {
    const { body } = await connection.send(requests[variant], true);
    const got = read(body);
    if (got !== (isPostern(system) ? restored(text, variant) : text)) {
      throw new Error(`${system.name}, ${scenario.name}: the answer is not the one to be seen:\n${got}`);
    }
    if (scenario.events !== undefined && !wire.ends(body)) {
      throw new Error(`${system.name}, ${scenario.name}: the stream is cut off`);
    }
  }
  connection.close();
  return variants;
}

/** Bytes of one event of a stream, on average. */
export function eventBytes(events, wire = "openai") {
  const all = wires[wire].events(events);
  return Math.round(all.reduce((sum, event) => sum + event.length, 0) / all.length);
}

/** What Postern says it did against what was asked of it: lines to print, and whether everything was done. */
export function account(counts, requests, translated = 0) {
  const lines = [
    ["requests answered", counts.answered, requests],
    ["records", counts.records, requests],
    ["records with redacted request and answer", counts.payloads, requests],
    ["identifiers hidden", counts.masked, requests * 5],
    ["reservations", counts.reserved, requests],
    ["settlements", counts.settled, requests],
    ["calls translated, nothing lost", counts.translated - counts.lost, translated],
    ...(counts.filed === undefined ? [] : [["records on file", counts.filed, requests]]),
  ];
  return { lines, complete: lines.every(([, got, wanted]) => got === wanted), dollars: counts.dollars };
}
