import type { Middleware } from "koa";

/** Leaves on Koa's request what koa-bodyparser (`raw`) and koa-body leave there. */
export function bodyParser({ raw }: { readonly raw: boolean }): Middleware {
  return async (context, next) => {
    if (context.method === "POST" && context.is("json")) {
      let text = "";
      for await (const piece of context.req.setEncoding("utf8")) text += piece;
      try {
        Object.assign(context.request, { body: text === "" ? {} : JSON.parse(text), ...(raw && { rawBody: text }) });
      } catch {
        context.throw(400);
      }
    }
    return next();
  };
}
