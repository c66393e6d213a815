import fc from "fast-check";

/** In place of each `$` a text that stands nowhere else; numbers are told apart by where they are set. */
function mark(value: unknown, next: () => string): unknown {
  if (value === "$") return next();
  if (typeof value === "string") return value.replaceAll("$", next);
  if (Array.isArray(value)) return value.map((item) => mark(item, next));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, mark(below, next)]));
}

/** Names of tools are theirs in every place. */
const toolNames = ["look_up", "send"] as const;
const toolName = fc.constantFrom(...toolNames);
const base64 = fc.constantFrom("aGVsbG8=", "d29ybGQ=", "c29tZQ==");
const some = <T>(value: T) => fc.constantFrom(value, undefined);
const optional = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(fields, { requiredKeys: [] }).map((record) => {
    const set = Object.entries(record).filter(([, value]) => value !== undefined);
    return Object.fromEntries(set);
  });

const cacheControl = fc.constantFrom(undefined, { type: "ephemeral" }, { type: "ephemeral", ttl: "1h" });
const withCache = (block: object) =>
  cacheControl.map((cache_control) => ({ ...block, ...(cache_control && { cache_control }) }));

const anthropicText = withCache({ type: "text", text: "$" });
const anthropicImage = fc.oneof(
  base64.map((data) => ({ type: "image", source: { type: "base64", media_type: "image/png", data } })),
  fc.constant({ type: "image", source: { type: "url", url: "https://example.com/$.png" } }),
);
const anthropicDocument = fc.oneof(
  base64.map((data) => ({
    type: "document",
    title: "$",
    context: "$",
    source: { type: "base64", media_type: "application/pdf", data },
  })),
  fc.constant({
    type: "document",
    title: "$",
    citations: { enabled: true },
    source: { type: "text", media_type: "text/plain", data: "$" },
  }),
);
const anthropicUser = fc.array(fc.oneof(anthropicText, anthropicImage, anthropicDocument), {
  minLength: 1,
  maxLength: 3,
});

/** A call and its result, as two messages of the conversation. */
const anthropicCalls = fc
  .array(fc.tuple(toolName, fc.array(fc.oneof(anthropicText, anthropicImage), { maxLength: 2 }), fc.boolean()), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((calls) => fc.tuple(fc.constant(calls), fc.integer({ min: 0, max: 1e6 })))
  .map(([calls, seed]) => [
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "$", signature: "$" },
        { type: "text", text: "$" },
        ...calls.map(([name], index) => ({
          type: "tool_use",
          id: `toolu_${seed}_${index}`,
          name,
          input: { q: "$", big: 7 },
        })),
      ],
    },
    {
      role: "user",
      content: calls.map(([, content, is_error], index) => ({
        type: "tool_result",
        tool_use_id: `toolu_${seed}_${index}`,
        content,
        ...(is_error && { is_error }),
      })),
    },
  ]);

const anthropicTurns = fc
  .array(
    fc.oneof(
      anthropicUser.map((content) => [{ role: "user", content }]),
      fc.constant([
        { role: "user", content: "$" },
        { role: "system", content: "$" },
        { role: "assistant", content: "$" },
      ]),
      anthropicCalls,
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((turns) => turns.flat());

const anthropicTools = toolNames.map((name) => ({
  name,
  description: "$",
  input_schema: {
    type: "object",
    properties: { q: { type: "string", description: "$" } },
    required: ["q"],
    additionalProperties: false,
  },
}));

export const anthropicBody = fc
  .tuple(
    fc.record({
      model: fc.constantFrom("gpt-4.1", "gpt-5.2", "gpt-5.6", "o3", "mistral-small"),
      max_tokens: fc.integer({ min: 1, max: 9_999 }),
      messages: anthropicTurns,
    }),
    optional({
      system: fc.oneof(fc.constant("$"), fc.array(anthropicText, { minLength: 1, maxLength: 2 })),
      temperature: fc.constantFrom(0, 0.37),
      top_p: some(0.83),
      top_k: some(41),
      stream: some(true),
      stop_sequences: fc.constantFrom(["$"], ["$", "$", "$", "$", "$"]),
      metadata: some({ user_id: "$" }),
      service_tier: fc.constantFrom("auto", "standard_only"),
      thinking: fc.constantFrom({ type: "enabled", budget_tokens: 5_000 }, { type: "adaptive" }, { type: "disabled" }),
      output_config: optional({
        effort: fc.constantFrom("low", "max"),
        format: some({
          type: "json_schema",
          schema: {
            type: "object",
            properties: { a: { type: "string", description: "$" } },
            required: ["a"],
            additionalProperties: false,
          },
        }),
      }),
      tool_choice: fc.constantFrom(
        { type: "any", disable_parallel_tool_use: true },
        { type: "tool", name: "send" },
        { type: "none" },
        { type: "auto" },
      ),
      inference_geo: some("$"),
      next_year: some({ deep: ["$"] }),
    }),
  )
  .map(([required, more]) => withMarks({ ...required, tools: anthropicTools, ...more }));

const breakpoint = fc.constantFrom(undefined, { mode: "explicit" });
const openaiText = breakpoint.map((mark_) => ({
  type: "text",
  text: "$",
  ...(mark_ && { prompt_cache_breakpoint: mark_ }),
}));
const openaiPart = fc.oneof(
  openaiText,
  base64.map((data) => ({ type: "image_url", image_url: { url: `data:image/png;base64,${data}`, detail: "low" } })),
  fc.constant({ type: "image_url", image_url: { url: "https://example.com/$.png" } }),
  base64.map((data) => ({ type: "file", file: { filename: "$", file_data: `data:application/pdf;base64,${data}` } })),
);
const openaiCalls = fc
  .tuple(
    fc.array(fc.tuple(toolName, fc.constantFrom("$", [{ type: "text", text: "$" }])), { minLength: 1, maxLength: 3 }),
    fc.integer({ min: 0, max: 1e6 }),
  )
  .map(([calls, seed]) => [
    {
      role: "assistant",
      content: "$",
      reasoning_content: "$",
      tool_calls: calls.map(([name], index) => ({
        id: `call|${seed}.${index}`,
        type: "function",
        function: { name, arguments: '{"q":"$"}' },
      })),
    },
    ...calls.map(([, content], index) => ({ role: "tool", tool_call_id: `call|${seed}.${index}`, content })),
  ]);
const openaiTurns = fc
  .array(
    fc.oneof(
      fc.array(openaiPart, { minLength: 1, maxLength: 3 }).map((content) => [{ role: "user", content, name: "$" }]),
      fc.constantFrom("system", "developer").map((role) => [{ role, content: "$" }]),
      fc.constant([
        { role: "user", content: "$" },
        { role: "assistant", content: "$" },
      ]),
      fc.constant([{ role: "assistant", content: null, refusal: "$" }]),
      openaiCalls,
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((turns) => turns.flat());

const openaiTools = toolNames.map((name) => ({
  type: "function",
  function: {
    name,
    description: "$",
    parameters: {
      type: "object",
      properties: { q: { type: "string", description: "$" } },
      required: ["q"],
      additionalProperties: false,
    },
    strict: true,
  },
}));

export const openaiBody = fc
  .tuple(
    fc.record({
      model: fc.constantFrom(
        "claude-opus-4-8",
        "claude-sonnet-4-5",
        "claude-opus-5",
        "claude-3-haiku-20240307",
        "smart",
      ),
      messages: openaiTurns,
    }),
    optional({
      max_completion_tokens: fc.integer({ min: 1, max: 9_999 }),
      temperature: fc.constantFrom(0.37, 1.9),
      top_p: some(0.83),
      seed: some(41),
      presence_penalty: some(0.29),
      logit_bias: some({ "7": 3 }),
      stream: some(true),
      stop: fc.constantFrom("$", ["$", "$"]),
      user: some("$"),
      safety_identifier: some("$"),
      metadata: some({ run: "$" }),
      prompt_cache_key: some("$"),
      service_tier: fc.constantFrom("auto", "default", "flex"),
      reasoning_effort: fc.constantFrom("none", "minimal", "high", "xhigh"),
      response_format: fc.constantFrom(
        { type: "json_object" },
        {
          type: "json_schema",
          json_schema: {
            name: "$",
            description: "$",
            strict: true,
            schema: { type: "object", properties: {}, additionalProperties: false },
          },
        },
      ),
      parallel_tool_calls: fc.boolean(),
      tool_choice: fc.constantFrom("required", "none", "auto", { type: "function", function: { name: "send" } }),
      next_year: some({ deep: ["$"] }),
    }),
  )
  .map(([required, more]) => withMarks({ ...required, tools: openaiTools, ...more }));

function withMarks(body: unknown): Record<string, unknown> {
  let count = 0;
  return mark(body, () => `v${1_000 + count++}x`) as Record<string, unknown>;
}
