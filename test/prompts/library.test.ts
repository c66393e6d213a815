import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { jest } from "@jest/globals";
import { systemClock } from "../../src/engine/clock.ts";
import { silent } from "../../src/engine/log.ts";
import { createLibrary, type Library } from "../../src/prompts/prompts.ts";
import type { Logger } from "../../src/step.ts";
import { createFakeClock } from "../doubles/clock.ts";
import { createFolder, type Folder } from "./scene.ts";

interface Line {
  readonly fields: object;
  readonly message: string;
}

async function openLibrary(files: Readonly<Record<string, string>>) {
  const folder = await createFolder(files);
  const lines: Line[] = [];
  const write = (fields: object, message: string) => void lines.push({ fields, message });
  const log: Logger = { debug: write, info: write, warn: write, error: write };
  const library = createLibrary({ clock: systemClock, log });
  await library.open(folder.path);
  return { folder, library, lines };
}

const textIn = (library: Library, name: string, selector?: string): unknown => {
  const found = library.find(name, selector);
  if (found === undefined || found === "unusable") return found;
  const [part] = found.prompt.parts;
  return part?.kind === "text" ? part.text : part;
};

/** Files are followed by the system's own events; the test's own deadline bounds the wait. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(5);
}

describe("a folder of prompts", () => {
  let folder: Folder;
  let library: Library;
  let lines: Line[];
  const start = async (files: Readonly<Record<string, string>>) => {
    ({ folder, library, lines } = await openLibrary(files));
  };
  afterEach(async () => {
    library.close();
    await folder.remove();
  });

  it("holds versions and labels, and passes over whatever else lies there", async () => {
    await start({
      "a/1.prompt": "one",
      "a/10.prompt": "ten",
      "a/2.prompt": "two",
      "a/labels.yaml": "stable: 1",
      "a/notes.md": "x",
      "a/01.prompt": "x",
      "b/1.prompt": "bee",
      "b/labels.yaml": "production: 1",
      "README.md": "x",
      ".git/1.prompt": "x",
      "..data/1.prompt": "x",
    });
    expect([...library.shelf.entries.keys()]).toEqual(["a", "b"]);
    expect([...(library.shelf.entries.get("a")?.versions.keys() ?? [])].sort()).toEqual([1, 10, 2]);
    expect(textIn(library, "a")).toBe("ten");
    expect(textIn(library, "a", "latest")).toBe("ten");
    expect(textIn(library, "a", "stable")).toBe("one");
    expect(textIn(library, "a", "2")).toBe("two");
    expect(textIn(library, "a", "01")).toBeUndefined();
    expect(textIn(library, "a", "3")).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it("has new versions, labels and prompts live without being told", async () => {
    await start({ "a/1.prompt": "one", "a/labels.yaml": "production: 1" });
    await folder.write({ "a/2.prompt": "two" });
    await until(() => textIn(library, "a", "2") === "two");
    expect(textIn(library, "a")).toBe("one");
    await folder.write({ "a/labels.yaml": "production: 2" });
    await until(() => textIn(library, "a") === "two");
    expect(lines).toEqual([{ fields: { prompt: "a", label: "production", from: 1, to: 2 }, message: "a label moved" }]);
    await folder.write({ "b/1.prompt": "bee" });
    await until(() => textIn(library, "b") === "bee");
    await folder.write({ "b/1.prompt": "wasp" });
    await until(() => textIn(library, "b") === "wasp");
    await rm(join(folder.path, "b"), { recursive: true });
    await until(() => textIn(library, "b") === undefined);
  });

  it("sees a file that is written in place", async () => {
    await start({ "a/1.prompt": "one" });
    await writeFile(join(folder.path, "a/1.prompt"), "uno");
    await until(() => textIn(library, "a") === "uno");
  });

  it("keeps what runs when a version breaks, says so once without its content, and takes it when it is whole again", async () => {
    await start({ "a/1.prompt": "one", "a/labels.yaml": "production: 1" });
    await folder.write({ "a/1.prompt": "CANARY\n{{#if CANARY}}" });
    await until(() => lines.length > 0);
    expect(textIn(library, "a")).toBe("one");
    expect(lines).toEqual([
      {
        fields: { file: "a/1.prompt", line: 2, column: expect.any(Number), problem: expect.any(String) },
        message: "a prompt's file is not valid; what ran before goes on",
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain("CANARY");
    await folder.write({ "b/1.prompt": "bee" });
    await until(() => textIn(library, "b") === "bee");
    expect(lines.length).toBe(1);
    expect(textIn(library, "a", "1")).toBe("one");
    await folder.write({ "a/1.prompt": "whole" });
    await until(() => textIn(library, "a") === "whole");
  });

  it.each([
    ["production: [", 1],
    ["- production", 1],
    ["production: 7", 1],
    ["production: two", 1],
    ["other: 2\nproduction: 2.5", 1],
    ["latest: 2\nproduction: 9", 2],
  ])("keeps a label where its file says what cannot be: %j", async (labels, problems) => {
    await start({ "a/1.prompt": "one", "a/2.prompt": "two", "a/labels.yaml": "production: 1" });
    await folder.write({ "a/labels.yaml": labels });
    await until(() => lines.length > 0);
    expect(textIn(library, "a", "production")).toBe("one");
    expect(lines.length).toBe(problems);
  });

  it("keeps the version under a label when its file goes, but not under its number", async () => {
    await start({ "a/1.prompt": "one", "a/2.prompt": "two", "a/labels.yaml": "production: 1" });
    await rm(join(folder.path, "a/1.prompt"));
    await until(() => textIn(library, "a", "1") === undefined);
    expect(textIn(library, "a", "production")).toBe("one");
    expect(lines).toMatchObject([{ fields: { file: "a/labels.yaml", line: 1 } }]);
  });

  it("does not use a version that was never valid, until it is", async () => {
    await start({ "a/1.prompt": "{{", "b/1.prompt": "one", "b/2.prompt": "{{" });
    expect([library.find("a", undefined), library.find("a", "1"), library.find("a", "latest")]).toEqual(
      Array(3).fill("unusable"),
    );
    expect(textIn(library, "b")).toBe("one");
    expect(lines.length).toBe(2);
    await folder.write({ "a/1.prompt": "now" });
    await until(() => textIn(library, "a") === "now");
  });

  it("follows the swap of a whole volume, as Kubernetes makes it, and of the folder itself", async () => {
    await start({});
    const { path } = folder;
    const volume = async (name: string, text: string): Promise<void> => {
      await mkdir(join(path, name, "a"), { recursive: true });
      await writeFile(join(path, name, "a/1.prompt"), text);
      await symlink(name, join(path, "..data_tmp"));
      await rename(join(path, "..data_tmp"), join(path, "..data"));
    };
    await volume("..2026_01", "one");
    await symlink("..data/a", join(path, "a"));
    await until(() => textIn(library, "a") === "one");
    await volume("..2026_02", "two");
    await until(() => textIn(library, "a") === "two");
    await rm(join(path, "..2026_01"), { recursive: true });
    await volume("..2026_03", "three");
    await until(() => textIn(library, "a") === "three");

    const next = `${path}-next`;
    await mkdir(join(next, "a"), { recursive: true });
    await writeFile(join(next, "a/1.prompt"), "four");
    await rename(path, `${path}-old`);
    await rename(next, path);
    await until(() => textIn(library, "a") === "four");
    await folder.write({ "a/1.prompt": "five" });
    await until(() => textIn(library, "a") === "five");
  });

  it("follows a link that is set to another folder", async () => {
    await start({ "a/1.prompt": "one" });
    const { path } = folder;
    const link = `${path}-current`;
    const point = async (to: string): Promise<void> => {
      await symlink(to, `${link}-new`);
      await rename(`${link}-new`, link);
    };
    await mkdir(`${path}-2/a`, { recursive: true });
    await writeFile(`${path}-2/a/1.prompt`, "two");
    await point(path);
    await library.open(link);
    await point(`${path}-2`);
    await until(() => textIn(library, "a") === "two");
  });

  it("is looked at once a second where nothing tells of changes", async () => {
    await start({ "a/1.prompt": "one" });
    const clock = createFakeClock();
    const warn = jest.fn();
    const deaf = createLibrary({ clock, log: { ...silent, warn } }, () => ({ cover: () => false, close() {} }));
    await deaf.open(folder.path);
    await folder.write({ "a/1.prompt": "two" });
    clock.advance(999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await until(() => textIn(deaf, "a") === "two");
    await until(() => clock.pending === 1);
    deaf.close();
    expect(clock.pending).toBe(0);
    expect(warn.mock.calls).toEqual([[{ from: folder.path }, expect.stringContaining("cannot be watched")]]);
  });

  it("goes on with what it has while the folder is away, and says so", async () => {
    await start({ "a/1.prompt": "one" });
    await rename(folder.path, `${folder.path}-away`);
    await until(() => lines.length > 0);
    expect(textIn(library, "a")).toBe("one");
    expect(lines.map(({ message }) => message)).toEqual([expect.stringContaining("cannot be read")]);
    await rename(`${folder.path}-away`, folder.path);
    await folder.write({ "a/1.prompt": "back" });
    await until(() => textIn(library, "a") === "back");
  });

  it("that is opened anew keeps what runs of a broken file; one that cannot be read changes nothing", async () => {
    await start({ "a/1.prompt": "one" });
    await folder.write({ "a/1.prompt": "{{" });
    await library.open(folder.path);
    expect(textIn(library, "a")).toBe("one");
    await expect(library.open(join(folder.path, "nowhere"))).rejects.toThrow("ENOENT");
    expect(textIn(library, "a")).toBe("one");
    await folder.write({ "a/1.prompt": "whole" });
    await until(() => textIn(library, "a") === "whole");
  });

  it("is left alone once it is closed", async () => {
    await start({ "a/1.prompt": "one" });
    library.close();
    const other = createLibrary({ clock: systemClock, log: silent });
    await other.open(folder.path);
    await folder.write({ "a/1.prompt": "two" });
    await until(() => textIn(other, "a") === "two");
    other.close();
    expect(textIn(library, "a")).toBe("one");
  });
});
