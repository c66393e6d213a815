import type { IncomingMessage } from "node:http";
import type { Context, Middleware } from "koa";
import { type ConfigInput, createGateway, type Gateway } from "../src/index.ts";
import { toNodeHandler } from "./node.ts";

/** What body parsers leave on Koa's request: `rawBody` is the text that came, `body` what they made of it. */
type Parsed = Context["request"] & { readonly body?: unknown; readonly rawBody?: unknown };

/**
 * Postern as Koa middleware, before or after a body parser. It answers past Koa (`ctx.respond` is false); what runs above it continues when
 * the caller has its answer. What is not an AI call goes to the next middleware.
 * @example app.use(postern()); // new OpenAI({ baseURL: "http://127.0.0.1:3000/v1" })
 */
export function postern(config: ConfigInput | string | Gateway = {}): Middleware & { readonly gateway: Gateway } {
  const gateway = typeof config === "object" && "handle" in config ? config : createGateway(config);
  const handler = toNodeHandler(gateway);
  const middleware: Middleware = async (context, next) => {
    const { method, url, headers } = context.req;
    if (!gateway.matches({ method: method ?? "GET", url: url ?? "/", headers })) return next();
    const { rawBody, body }: Parsed = context.request;
    context.respond = false;
    const left = context.res.destroyed;
    const over = new Promise<void>((resolve) => context.res.once("close", resolve));
    handler(Object.assign(context.req, { body: rawBody ?? body }) as IncomingMessage, context.res);
    if (!left) await over;
  };
  return Object.assign(middleware, { gateway });
}
