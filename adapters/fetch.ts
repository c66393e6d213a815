import { type ConfigInput, createGateway, type Gateway, respond, toRequest } from "../src/index.ts";

export interface FetchHandlerOptions {
  /** What stands before `/v1` in the URLs that this handler gets: `/ai`. */
  readonly basePath?: string;
}

/**
 * Postern behind a web-standard handler: Hono, Next route handlers, anything of `Request → Response`.
 * @example app.all("/ai/*", (c) => handler(c.req.raw)); // with const handler = toFetchHandler(createGateway(), { basePath: "/ai" })
 */
export function toFetchHandler(
  config: ConfigInput | string | Gateway = {},
  { basePath = "" }: FetchHandlerOptions = {},
): ((request: Request) => Promise<Response>) & { readonly gateway: Gateway } {
  const gateway = typeof config === "object" && "handle" in config ? config : createGateway(config);
  const handler = (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const path = url.pathname.startsWith(`${basePath}/`) ? url.pathname.slice(basePath.length) : url.pathname;
    return respond((to) => gateway.handle(toRequest(request, path + url.search), to), request.signal);
  };
  return Object.assign(handler, { gateway });
}
