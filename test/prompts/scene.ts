import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createTestGateway } from "../../adapters/testing.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import type { GatewayOptions } from "../../src/gateway.ts";

export interface Folder {
  readonly path: string;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  remove(): Promise<void>;
}

/** A new folder; each file appears in it at once, as an editor that is careful writes it. */
export async function createFolder(files: Readonly<Record<string, string>> = {}): Promise<Folder> {
  const base = await mkdtemp(join(tmpdir(), "prompts-"));
  const path = join(base, "prompts");
  await mkdir(path);
  const write = async (all: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(all)) {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    }
  };
  await write(files);
  return { path, write, remove: () => rm(base, { recursive: true }) };
}

const providers: ConfigInput["targets"] = {
  openai: { provider: "openai", baseUrl: "http://openai.invalid/v1" },
  anthropic: { provider: "anthropic", baseUrl: "http://anthropic.invalid/v1" },
};

export const urls = {
  chat: "http://openai.invalid/v1/chat/completions",
  messages: "http://anthropic.invalid/v1/messages",
  count: "http://anthropic.invalid/v1/messages/count_tokens",
} as const;

/** A gateway with prompts, whose providers are scripted. */
export async function createScene(
  files: Readonly<Record<string, string>>,
  config: ConfigInput = {},
  options: GatewayOptions = {},
) {
  const folder = await createFolder(files);
  const test = createTestGateway({ targets: providers, prompts: { from: folder.path }, ...config }, options);
  const ask = async (url: string, body: object | string, headers: Readonly<Record<string, string>> = {}) => {
    const count = test.requests.length;
    const answer = await test.fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sk-test", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    const sent = test.requests[count]?.body;
    return { status: answer.status, headers: answer.headers, text, raw: sent, sent: sent && JSON.parse(sent) };
  };
  const close = async (): Promise<void> => {
    await test.close();
    await folder.remove();
  };
  return { test, folder, ask, close };
}
