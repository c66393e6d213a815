import { says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";
import { asking, begin, customer, type Dialect, saidIn } from "../adapters/scene.ts";
import { describeAdapters } from "../hosts.ts";
import { createFolder, type Folder } from "./scene.ts";

const template = '---\nmodel: fast\n---\n{{role "system"}}\nYou speak to {{name}}.\n{{history}}';

describeAdapters("prompts", (host) => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await createFolder({ "hello/1.prompt": template });
  });
  afterAll(() => folder.remove());
  const start = () =>
    begin(host, {
      prompts: { from: folder.path },
      access: {
        keys: [
          { id: "web", hash: hashKey("psk_web"), team: "search", prompts: ["hello"] },
          { id: "poor", hash: hashKey("psk_poor"), team: "poor" },
        ],
      },
    });
  const ask = (dialect: Dialect, key: string, model = "prompt:hello") =>
    asking("Who am I?", { model, metadata: { name: customer } }, dialect, key);

  if (!host.mutates) {
    it("are not made by a host that cannot change what passes: the bytes leave as they came", async () => {
      const scene = await start();
      scene.answer(says("Hello."));
      const asked = ask("openai", "psk_web");
      await scene.call(asked);
      expect(scene.requests.map(({ body }) => body)).toEqual([asked.body]);
      await scene.finish(1);
    });
    return;
  }

  it.each(["openai", "anthropic"] as const)(
    "become the call that leaves, masked, and answered to the caller: %s",
    async (dialect) => {
      const scene = await start();
      scene.answer(says("You are [CUSTOMER_1]."));
      const got = await scene.call(ask(dialect, "psk_web"));
      expect(got.status).toBe(200);
      expect(saidIn(got.text)).toBe(`You are ${customer}.`);
      const body = scene.requests[0]?.body ?? "";
      expect(body).toContain("You speak to [CUSTOMER_1].");
      expect(body).toContain("Who am I?");
      expect(body).not.toContain("metadata");
      expect(scene.receipts[0]).toMatchObject({ prompt: { name: "hello", version: 1 }, model: "fast" });
      await scene.finish(1);
    },
  );

  it("are not for a key without a grant, nor there where there is none", async () => {
    const scene = await start();
    for (const asked of [ask("openai", "psk_poor"), ask("openai", "psk_web", "prompt:nothing")]) {
      const got = await scene.call(asked);
      expect(got.status).toBe(404);
      expect(got.text).toContain("prompt_not_found");
    }
    expect(scene.requests).toEqual([]);
    await scene.finish(2);
  });
});
