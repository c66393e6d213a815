import { Refusal } from "../errors.ts";
import { below, isTrue, lookUp, printed, type Variables, type View, viewOf } from "./lookup.ts";
import type { Choice, Part, Reference, Role, Scoped } from "./template.ts";

export interface Message {
  readonly role: Role;
  readonly text: string;
}

/** A prompt's messages, around those of the caller. */
export interface Rendered {
  readonly before: readonly Message[];
  readonly after: readonly Message[];
}

/** UTF-16 units of all messages together. */
const mostText = 4_194_304;
/** Parts rendered, each time that they are. */
const mostSteps = 200_000;
/** UTF-16 units of JSON: what nests deep becomes many times as long. */
const mostIndented = 65_536;

/**
 * Interprets a template. What a value holds is text and nothing else: it is never looked at for markers or tags. Throws a `Refusal`:
 * `prompt_variables` with the place in `file` where a value is missing or is not one that can be printed, or `prompt_too_large`.
 * Without a `history` in the template the caller's messages come before its last message if that is a user's, else behind all, as the
 * file format has it.
 */
export function render(parts: readonly Part[], variables: Variables, file: string): Rendered {
  return new Rendering(file).run(parts, viewOf(variables));
}

class Rendering {
  readonly #file: string;
  readonly #messages: Message[] = [];
  #history: number | undefined;
  #role: Role = "user";
  #pieces: string[] = [];
  /** Index of the last piece that is a value: white space at the edges goes, but never a value's own. */
  #lastValue = -1;
  #room = mostText;
  #steps = mostSteps;

  constructor(file: string) {
    this.#file = file;
  }

  run(parts: readonly Part[], view: View): Rendered {
    this.#render(parts, view);
    this.#finish();
    const messages = this.#messages;
    const last = messages.at(-1)?.role === "user" ? messages.length - 1 : messages.length;
    const history = this.#history ?? last;
    return { before: messages.slice(0, history), after: messages.slice(history) };
  }

  #render(parts: readonly Part[], view: View): void {
    this.#step(parts.length);
    for (const part of parts) this.#part(part, view);
  }

  #step(count: number): void {
    this.#steps -= count;
    if (this.#steps < 0) throw this.#tooLarge("steps", mostSteps);
  }

  #part(part: Part, view: View): void {
    switch (part.kind) {
      case "text":
        this.#text(part.text);
        break;
      case "value":
        this.#value(this.#printed(part.of, view));
        break;
      case "json":
        this.#value(this.#json(lookUp(part.of, view), part));
        break;
      case "role":
        this.#finish();
        this.#role = part.role;
        break;
      case "history":
        this.#finish();
        this.#history = this.#messages.length;
        break;
      case "choice":
        this.#render(holds(part, view) ? part.body : part.otherwise, view);
        break;
      case "with":
        this.#with(part, view);
        break;
      default:
        this.#each(part, view);
    }
  }

  #text(text: string): void {
    const piece = this.#pieces.length === 0 ? text.trimStart() : text;
    if (piece !== "") this.#add(piece);
  }

  #value(text: string): void {
    this.#add(text);
    this.#lastValue = this.#pieces.length - 1;
  }

  #add(piece: string): void {
    this.#room -= piece.length;
    if (this.#room < 0) throw this.#tooLarge("characters", mostText);
    this.#pieces.push(piece);
  }

  /** Providers refuse messages of white space, so none is made of them. */
  #finish(): void {
    const pieces = this.#pieces;
    while (pieces.length - 1 > this.#lastValue) {
      const left = pieces.pop()?.trimEnd();
      if (left === undefined || left === "") continue;
      pieces.push(left);
      break;
    }
    const text = pieces.join("");
    if (text.trim() !== "") this.#messages.push({ role: this.#role, text });
    this.#pieces = [];
    this.#lastValue = -1;
  }

  #with({ of, names, body, otherwise }: Scoped, view: View): void {
    const value = lookUp(of, view);
    if (isTrue(value)) this.#render(body, below(view, value, names));
    else this.#render(otherwise, view);
  }

  #each({ of, names, body, otherwise }: Scoped, view: View): void {
    const value = lookUp(of, view) ?? [];
    if (typeof value !== "object") this.#wrong(of, "type");
    const list = Array.isArray(value);
    const keys = list ? undefined : Object.keys(value);
    const count = list ? value.length : (keys?.length ?? 0);
    this.#step(count);
    if (count === 0) this.#render(otherwise, view);
    for (let index = 0; index < count; index++) {
      const key = keys === undefined ? index : (keys[index] as string);
      const item: unknown = (value as Variables)[key];
      const data = { index, key, first: index === 0, last: index === count - 1 };
      this.#render(body, below(view, item, names, key, data));
    }
  }

  #printed(reference: Reference, view: View): string {
    const value = lookUp(reference, view);
    if (value === undefined || value === null) return this.#wrong(reference, "missing");
    return printed(value) ?? this.#wrong(reference, "type");
  }

  #json(value: unknown, { indent, of }: Extract<Part, { kind: "json" }>): string {
    if (value === undefined && of.kind === "reference") this.#wrong(of, "missing");
    try {
      const text = JSON.stringify(value);
      return indent === 0 || text.length > mostIndented ? text : JSON.stringify(value, undefined, indent);
    } catch {
      // It nests deeper than the stack.
      throw this.#tooLarge("depth");
    }
  }

  #wrong({ name, place }: Reference, reason: "missing" | "type"): never {
    throw new Refusal("prompt_variables", { file: this.#file, ...place, variable: name, reason });
  }

  #tooLarge(of: string, limit?: number): Refusal {
    return new Refusal("prompt_too_large", { file: this.#file, of, ...(limit !== undefined && { limit }) });
  }
}

function holds({ of, equals, negated }: Choice, view: View): boolean {
  const value = lookUp(of, view);
  return (equals === undefined ? isTrue(value) : value === lookUp(equals, view)) !== negated;
}
