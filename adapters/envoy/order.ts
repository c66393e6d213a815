import type { Part, Side } from "./codec/messages.ts";

type Progress = "nothing" | "headers" | "ended";

/** What may come when: headers first, then bodies, then trailers, for each side. */
export class Order {
  readonly #sides: Record<Side, Progress> = { request: "nothing", response: "nothing" };

  /** `late`: after the end of its side, where Envoy has been seen to end twice. */
  place(part: Part): "right" | "late" | "wrong" {
    const before = this.#sides[part.side];
    if (part.side === "response" && this.#sides.request === "nothing") return "wrong";
    if (part.part === "headers") {
      if (before !== "nothing") return "wrong";
    } else if (before === "nothing") return "wrong";
    else if (before === "ended") return part.part === "body" ? "late" : "wrong";
    const last = part.part === "trailers" || part.last;
    this.#sides[part.side] = last ? "ended" : "headers";
    return "right";
  }
}
