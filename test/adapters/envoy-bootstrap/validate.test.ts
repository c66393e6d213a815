import { toEnvoyBootstrap } from "../../../adapters/envoy-bootstrap/bootstrap.ts";
import { describeRealEnvoy, validate } from "../../doubles/real-envoy.ts";
import { type Certificates, makeCertificates } from "../../envoy/certificates.ts";
import { config, modes, processor } from "./config.ts";

describeRealEnvoy("a generated bootstrap", (line) => {
  let files: Certificates;
  beforeAll(() => {
    files = makeCertificates();
  });
  afterAll(() => files.remove());

  it.each([...modes, "streamed"] as const)("is accepted in %s", async (mode) => {
    const how = mode === "streamed" ? ({ mode: "transform", answers: "streamed" } as const) : { mode };
    expect(await validate(toEnvoyBootstrap(config, { processor, ...how }), line)).toBeUndefined();
    expect(await validate(toEnvoyBootstrap({}, { processor: "unix:/run/p.sock", ...how }), line)).toBeUndefined();
  });

  it.each(modes)("is accepted with TLS on every side in %s", async (mode) => {
    const own = { certificate: files.certificate, key: files.key };
    const processorTls = { authorities: files.authority, name: "localhost", ...own };
    const options = { mode, processor, listenerTls: own, processorTls, authorities: files.authority };
    const text = toEnvoyBootstrap(config, options);
    expect(text.split(files.key)).toHaveLength(3);
    expect(await validate(text, line)).toBeUndefined();
  });

  it("would not be accepted with a mistake in it", async () => {
    const wrong = toEnvoyBootstrap(config, { processor }).replace("merge_slashes", "merge_slashs");
    expect(await validate(wrong, line)).toContain("merge_slashs");
  });
});
