import type { Piece, ScriptedAnswer } from "../../adapters/testing.ts";

export const email = "maria.lopez@example.com";
export const words = "Hello [EMAIL_1], this goes on and on and on.";
export const restored = words.replace("[EMAIL_1]", email);

/** By what the caller speaks; its target speaks the other. */
export const callers = {
  openai: { url: "https://api.openai.com/v1/chat/completions", ends: "data: [DONE]" },
  anthropic: { url: "https://api.anthropic.com/v1/messages", ends: "event: message_stop" },
} as const;
export type Caller = keyof typeof callers;

export const inBand = {
  // What a provider of the other wire says, by the caller.
  openai: 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy [EMAIL_1]"}}\n\n',
  anthropic: 'data: {"error":{"message":"busy [EMAIL_1]","type":"server_error","code":null}}\n\n',
};
export const huge = "x".repeat(1_048_576);

export type Break = (whole: readonly Piece[], at: number, caller: Caller) => ScriptedAnswer;
export const stopped =
  (ends: "whole" | "reset" | "silent"): Break =>
  (whole, at) => ({ pieces: whole.slice(0, at), ends });
export const withThis =
  (piece: Piece | undefined): Break =>
  (whole, at) => ({
    pieces: [...whole.slice(0, at), ...(piece === undefined ? [] : [piece]), ...whole.slice(at)],
  });

/** What takes the answer away, and the code that the caller is told: before content by status, behind it in an event. */
export const fatal: readonly [
  string,
  Break,
  { readonly before: number; readonly code: string; readonly after: string | RegExp },
][] = [
  ["a reset", stopped("reset"), { before: 502, code: "upstream_broken", after: "upstream_broken" }],
  [
    "JSON that breaks off",
    withThis('data: {"choices":[{"del\n\n'),
    { before: 502, code: "upstream_invalid", after: "upstream_invalid" },
  ],
  [
    "bytes that are no text",
    withThis(Buffer.from('data: {"a":"\xff\xfe"}\n\n', "latin1")),
    { before: 502, code: "upstream_invalid", after: "upstream_invalid" },
  ],
  ["an end too early", stopped("whole"), { before: 502, code: "upstream_invalid", after: "upstream_broken" }],
  [
    "an end within an event",
    (whole, at) => ({ pieces: [...whole.slice(0, at), String(whole[at]).slice(0, 25)] }),
    { before: 502, code: "upstream_invalid", after: /upstream_(?:broken|invalid)/ },
  ],
];

/** What an answer survives. */
export const harmless: readonly [string, Break][] = [
  ["an event of next year", withThis('event: hologram\ndata: {"type":"hologram","depth":3}\n\n')],
  ["a comment of a megabyte", withThis(`: ${huge}\n\n`)],
  ["an unknown event of a megabyte", withThis(`event: hologram\ndata: {"type":"hologram","depth":"${huge}"}\n\n`)],
  ["other line ends", (whole) => ({ pieces: whole.map((piece) => String(piece).replaceAll("\n", "\r\n")) })],
  ["a byte at a time", (whole) => ({ pieces: [...whole.join("")] })],
  ["a reset behind its end", (whole) => ({ pieces: whole, ends: "reset" })],
];
