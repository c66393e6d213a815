import { parseArgs } from "node:util";
import { createKey, loadConfig } from "../../src/index.ts";
import { type Command, flag, type Output, text, UsageError } from "./command.ts";
import { openKeysFile } from "./keys-file.ts";
import { toTable } from "./print.ts";

const usage = `postern keys create [--id ID] [--team TEAM] [--config FILE] [--json]
postern keys list --config FILE [--json]
postern keys rotate ID --config FILE [--json]
postern keys revoke ID --config FILE [--json]

  Virtual keys, and their entries in access.keys of a config. A new key is shown this once and kept nowhere; its hash is.
  The file is edited in one step, and comments and order are kept; a gateway that watches it follows. One that would not be valid is left alone.
  --config FILE   create: adds the entry to the file, instead of printing it
  rotate          makes a new key for the entry; the old one ends at once. To let both be valid for a while, create a second
                  entry, and revoke the first.

Exit codes: 0 done, 1 not done, 2 wrong words.
`;

const name = /^[A-Za-z0-9._-]{1,64}$/;
const options = { id: text, team: text, config: text, json: flag };
type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

export const keys: Command = {
  summary: "make, list, rotate and revoke virtual keys",
  usage,
  async run(words, output) {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    const [action, id, ...more] = positionals;
    const named = action === "rotate" || action === "revoke";
    if (more.length > 0 || (id !== undefined) !== named || (!named && action !== "create" && action !== "list"))
      throw new UsageError("expected: keys create, list, rotate ID, or revoke ID");
    if (action === "create") await create(values, output);
    else await edit(action, id, values, output);
    return 0;
  },
};

async function create({ id = "new-key", team, config, json }: Values, output: Output): Promise<void> {
  for (const word of [id, team ?? "none"])
    if (!name.test(word))
      throw new UsageError("--id and --team take up to 64 letters, digits, dots, dashes and underscores");
  const { key, hash } = createKey();
  const entry = { id, hash, ...(team !== undefined && { team }) };
  if (config !== undefined) {
    const file = await openKeysFile(config);
    file.add(entry);
    await file.save();
  }
  // JSON is YAML, and quotes what YAML would take for something else.
  if (json) output.out(`${JSON.stringify({ key, entry })}\n`);
  else if (config !== undefined) output.out(`${key}\n`);
  else output.out(`${key}\n\naccess:\n  keys:\n    - ${JSON.stringify(entry)}\n`);
}

async function edit(action: string, id: string | undefined, values: Values, output: Output): Promise<void> {
  const { team, config, json, id: option } = values;
  if (team !== undefined || option !== undefined) throw new UsageError("--id and --team belong to create");
  if (config === undefined) throw new UsageError(`${action} needs --config FILE`);
  if (id === undefined) await list(config, json === true, output);
  else if (action === "rotate") await rotate(config, id, json === true, output);
  else await revoke(config, id, json === true, output);
}

async function list(config: string, json: boolean, output: Output): Promise<void> {
  const { access } = await loadConfig(config);
  const found = access?.keys ?? [];
  const rows = found.map(({ id, team = "-", project = "-", models, expires = "-", hash }) => {
    return [id, team, project, models?.join(", ") ?? "all", expires, hash];
  });
  const table = [["id", "team", "project", "models", "expires", "hash"], ...rows];
  output.out(json ? `${JSON.stringify(found)}\n` : toTable(table));
}

async function rotate(config: string, id: string, json: boolean, output: Output): Promise<void> {
  const file = await openKeysFile(config);
  const { key, hash } = createKey();
  file.find(id).set("hash", hash);
  await file.save();
  output.out(json ? `${JSON.stringify({ key, id, hash })}\n` : `${key}\n`);
}

async function revoke(config: string, id: string, json: boolean, output: Output): Promise<void> {
  const file = await openKeysFile(config);
  file.remove(id);
  await file.save();
  output.out(json ? `${JSON.stringify({ revoked: id })}\n` : `${id} is revoked\n`);
}
