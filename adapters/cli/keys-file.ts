import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMap, isSeq, parseDocument, type YAMLMap } from "yaml";
import { ConfigError, parseConfig } from "../../src/index.ts";
import { unreadable } from "./command.ts";

/** What of a config may be edited. */
export interface KeysFile {
  /** The entry of a key; throws where there is none. */
  find(id: string): YAMLMap;
  /** Puts an entry behind the others; throws where there is one of that id. */
  add(entry: Readonly<Record<string, string>>): void;
  remove(id: string): void;
  /** Replaces the file in one step, with the mode it had. Throws, and leaves it alone, where it would no longer be valid or has changed meanwhile. */
  save(): Promise<void>;
}

const place = ["access", "keys"];

/** A config is valid or it is not edited. References to secrets are read, as a gateway would. */
export async function openKeysFile(path: string): Promise<KeysFile> {
  const file = await realpath(path).catch(unreadable(path));
  const before = await readFile(file, "utf8").catch(unreadable(path));
  const options = { name: path, directory: dirname(file) };
  parseConfig(before, options);
  const document = parseDocument(before, { stringKeys: true });
  const entries = (): readonly unknown[] => {
    const list = document.getIn(place);
    return isSeq(list) ? list.items : [];
  };
  const indexOf = (id: string): number => entries().findIndex((entry) => isMap(entry) && entry.get("id") === id);
  const known = (id: string): number => {
    const index = indexOf(id);
    if (index < 0) throw new Error(`${path} holds no key ${id}`);
    return index;
  };
  return {
    find: (id) => entries()[known(id)] as YAMLMap,
    add(entry) {
      if (indexOf(entry.id ?? "") >= 0) throw new Error(`${path} holds a key ${entry.id} already`);
      const node = document.createNode(entry, { flow: true });
      const list = document.getIn(place);
      if (!isSeq(list)) return document.setIn(place, document.createNode([node]));
      if (list.items.length === 0) list.flow = false;
      list.add(node);
    },
    remove: (id) => void document.deleteIn([...place, known(id)]),
    async save() {
      const after = document.toString({ lineWidth: 0, flowCollectionPadding: true });
      try {
        parseConfig(after, options);
      } catch (cause) {
        if (!(cause instanceof ConfigError)) throw cause;
        throw new Error(`${path} is left alone: it would not be valid any more\n${cause.message}`);
      }
      await replace(file, before, after);
    },
  };
}

/** A reader of the folder finds the old file or the new one, never a part of one. */
async function replace(file: string, before: string, after: string): Promise<void> {
  const { mode } = await stat(file);
  const beside = join(dirname(file), `.postern-keys-${process.pid}.tmp`);
  const handle = await open(beside, "wx", 0o600);
  try {
    await handle.writeFile(after);
    await handle.chmod(mode & 0o7777);
    await handle.sync();
    await handle.close();
    if ((await readFile(file, "utf8")) !== before) throw new Error(`${file} has changed meanwhile: try again`);
    await rename(beside, file);
  } catch (cause) {
    await handle.close().catch(() => {});
    await rm(beside, { force: true });
    throw cause;
  }
}
