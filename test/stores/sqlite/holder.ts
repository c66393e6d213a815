import { pathToFileURL } from "node:url";
import { systemClock as clock } from "../../../src/engine/clock.ts";
import { createSqliteStores } from "../../../src/stores/sqlite.ts";

/** A process that keeps its ledger in a file until it is killed. */
const [, , path = "", worker = ""] = process.argv;
const log = { debug() {}, info() {}, warn() {}, error() {} };
await createSqliteStores({ path, clock, log, worker: pathToFileURL(worker) }).ready;
process.stdout.write("ready\n");
setInterval(() => {}, 60_000);
