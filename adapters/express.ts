import type { RequestHandler } from "express";
import { type ConfigInput, createGateway, type Gateway } from "../src/index.ts";
import { toNodeHandler } from "./node.ts";

/**
 * Postern as Express middleware; below it, before or after `express.json()`, the official SDKs find their endpoints.
 * @example app.use("/ai", postern()); // new OpenAI({ baseURL: "http://127.0.0.1:3000/ai/v1" })
 */
export function postern(config: ConfigInput | string | Gateway = {}): RequestHandler & { readonly gateway: Gateway } {
  const gateway = typeof config === "object" && "handle" in config ? config : createGateway(config);
  const handler = toNodeHandler(gateway);
  const middleware: RequestHandler = (request, response, next) => handler(request, response, next);
  return Object.assign(middleware, { gateway });
}
