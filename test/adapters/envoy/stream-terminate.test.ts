import { createExternalProcessor } from "../../../adapters/envoy/envoy.ts";
import { createTestGateway, says } from "../../../adapters/testing.ts";
import { asking, config } from "../scene.ts";
import { body, DUPLEX, NONE, opening, startLab, text } from "./client.ts";

const protocol = { requestBodyMode: DUPLEX, responseBodyMode: NONE };

describe("terminate", () => {
  it("answers a whole answer by one immediate response", async () => {
    const test = createTestGateway(config()("http://127.0.0.1:1"));
    const lab = await startLab(createExternalProcessor(test.gateway, { listen: "127.0.0.1:0" }));
    test.answer(says("Hello."));
    const call = lab.client.talk();
    call.send(opening({ protocol }));
    call.send(body("request", asking("Hi.").body ?? ""));
    call.send(body("request", "", true));
    const said = await call.next();
    expect(said.immediateResponse?.status.code).toBe(200);
    expect(text(said.immediateResponse?.body)).toContain("Hello.");
    call.reset();
    await lab.close();
    await test.close();
  });
});
