import type OpenAI from "openai";

/** What is tested: code that asks a model, and knows nothing of gateways. */
export async function reply(openai: OpenAI, question: string, feature = "support"): Promise<string> {
  const answer = await openai.chat.completions.create(
    { model: "fast", max_completion_tokens: 200, messages: [{ role: "user", content: question }] },
    { headers: { "x-postern-feature": feature } },
  );
  return answer.choices[0]?.message.content ?? "";
}
