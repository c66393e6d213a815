import { createExternalProcessor } from "../../adapters/envoy/envoy.ts";
import type { EnvoyMode } from "../../adapters/envoy-bootstrap/bootstrap.ts";
import { type ConfigInput, createGateway, silent } from "../../src/index.ts";

/** A processor in a process of its own, so that it can be killed, stopped and weighed. What it is told comes as its one argument. */
export interface Told {
  readonly mode: EnvoyMode;
  readonly listen: string;
  readonly config: ConfigInput;
}

const { mode, listen, config } = JSON.parse(process.argv[2] ?? "{}") as Told;
const processor = createExternalProcessor(createGateway(config, { log: silent }), { mode, listen });
process.on("disconnect", () => process.exit());
process.send?.(await processor.listen());
