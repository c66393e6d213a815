import { toFetchHandler } from "../../adapters/fetch.ts"; // "postern/fetch" in your own project
import { createTestGateway } from "../../adapters/testing.ts"; // "postern/testing"

// Its providers are scripted and say what they are told. With real ones: toFetchHandler({ targets: … }, { basePath: "/api/ai" })
export const test = createTestGateway();

/** From a `Request` to a `Response`: what a route handler is, wherever the web's own types are spoken. */
export const handler = toFetchHandler(test.gateway, { basePath: "/api/ai" });

// Next, in app/api/ai/[...path]/route.ts:
//   export const runtime = "nodejs";
//   export { handler as GET, handler as POST };
//
// Hono:
//   const app = new Hono().all("/api/ai/*", (context) => handler(context.req.raw));
