// One table of cases, run by each client against each wire behind Postern: in half of the cells the wires differ.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { email } from "./setup.mjs";
import { cases } from "./table-cases.mjs";
import { clients } from "./table-clients.mjs";
import { startTable } from "./table-provider.mjs";

const wires = ["openai", "anthropic"];
const done = new Map();

/** Every cell says what it holds: `=` the wires are one, `≠` the call was translated, `×` refused as it is written down, `–` the client cannot ask. */
function table() {
  const columns = clients.flatMap(({ name }) => wires.map((target) => ({ name, target })));
  const width = Math.max(...cases.map(({ name }) => name.length));
  const line = (first, cells) => `${first.padEnd(width)} │ ${cells.join(" │ ")}`;
  const heads = columns.map(({ name, target }) => `${name} → ${target}`);
  const rows = cases.map((one) =>
    line(
      one.name,
      heads.map((head) => (done.get(`${one.name} ${head}`) ?? "failed").padEnd(head.length)),
    ),
  );
  return ["", line("", heads), ...rows, ""].join("\n");
}

describe("the table", () => {
  let host;
  before(async () => {
    host = await startTable();
  });
  after(async () => {
    await host.close();
    process.stdout.write(table());
  });

  for (const one of cases) {
    for (const client of clients) {
      for (const target of wires) {
        it(`${one.name}: ${client.name} → ${target}`, async () => {
          const cell = { client, target, model: `on-${target}`, foreign: client.wire !== target };
          const fate = await one.run(host, cell);
          for (const { body } of host.requests) assert.ok(!JSON.stringify(body).includes(email));
          const plain = cell.foreign ? "≠" : "=";
          done.set(`${one.name} ${client.name} → ${target}`, fate ?? plain);
        });
      }
    }
  }

  it("has no empty cell", () => assert.equal(done.size, cases.length * clients.length * wires.length));
});
