/** What is sent and what is answered, whatever the wire: conversations of two sizes with five identifiers each, and a model that repeats their placeholders. */

const sentences = [
  "The invoice of 14 March 2026 (INV-0417) came to $1,249.50 and was paid in two parts.",
  "Please summarise the thread below in three bullet points and keep the customer's own words where you can.",
  'She wrote: "the parcel arrived on the 3rd, but the box was open", and asked for a replacement.',
  "Version 4.12.1 fixed the timeout; since then the p95 went from 812 ms to 96 ms on all 48 nodes.",
  "See https://docs.example.com/guides/returns?page=2#limits for the policy, section 3.2.1, and ticket #48213.",
  "const total = items.reduce((sum, item) => sum + item.price * item.count, 0); // in cents",
  "Die Lieferung nach Zürich dauert 3–5 Werktage; für Beträge über 500 € gilt § 14 Abs. 2.",
  "The meeting moved to 10:30 on Tuesday, room 4.017, and everyone who is abroad dials in.",
  "Our warehouse counted 1,024 units of SKU AB-2231-X, of which 17 were damaged in transit.",
  "He is happy with the service overall and would order again, he said, if shipping were faster.",
];
const turnLength = 900;
export const variants = 32;

/** A small generator of numbers (mulberry32), so that every run sends the same. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const digits = (number, length) => String(number).padStart(length, "0");

function luhn(payload) {
  const sum = [...payload]
    .reverse()
    .map((digit, index) => (index % 2 === 0 ? Number(digit) * 2 : Number(digit)))
    .reduce((total, digit) => total + (digit > 9 ? digit - 9 : digit), 0);
  return payload + ((10 - (sum % 10)) % 10);
}

function iban(account) {
  const check = 98n - (BigInt(`${account}131400`) % 97n);
  return `DE${digits(check, 2)}${account}`;
}

/** Five values that have to stay, other ones in each variant, by the placeholders that stand for them. */
export function identifiers(variant) {
  return {
    "[EMAIL_1]": `maria.lopez${variant}@customers.example.com`,
    "[PHONE_1]": `+34 612 34 ${digits(variant + 10, 2)} 78`,
    "[IBAN_1]": iban(`37040044${digits(532_013_000 + variant, 10)}`),
    "[CREDIT_CARD_1]": luhn(`4111111111${digits(variant, 5)}`),
    "[IP_ADDRESS_1]": `83.45.${variant + 1}.9`,
  };
}

function prose(random, length) {
  let text = "";
  while (text.length < length) {
    text += sentences[Math.floor(random() * sentences.length)];
    text += random() < 0.2 ? "\n\n" : " ";
  }
  return text.slice(0, length);
}

const instructions = "You are a support assistant. Answer briefly, in the caller's language.";
/** The limit of an answer tells the provider how many events to stream: it is what every wire and every translation carries. */
const leastTokens = 400;

export const eventsFor = (head) => Number(/"max_(?:completion_)?tokens":(\d+)/.exec(head)[1]) - leastTokens;

const frames = {
  openai: (events) => ({
    stream: events !== undefined,
    ...(events === undefined ? {} : { stream_options: { include_usage: true } }),
    max_completion_tokens: leastTokens + (events ?? 0),
    temperature: 0.2,
    messages: [{ role: "system", content: instructions }],
  }),
  anthropic: (events) => ({
    stream: events !== undefined,
    max_tokens: leastTokens + (events ?? 0),
    system: instructions,
    messages: [],
  }),
};

/** A conversation of about `size` bytes; its last turn holds the identifiers, and `events` asks for a stream so long. */
export function requestBody({ size, events, model = "fast" }, variant, wire = "openai") {
  const random = seeded(size + variant);
  const values = Object.values(identifiers(variant));
  const last = `Write to ${values[0]} or call ${values[1]}, refund IBAN ${values[2]} and card ${values[3]}; seen from ${values[4]}.`;
  const { messages, ...head } = { model, ...frames[wire](events) };
  let room = size - Buffer.byteLength(JSON.stringify({ ...head, messages })) - last.length - 40;
  for (let turn = 0; room > 60; turn++) {
    const content = prose(random, Math.min(turnLength, room - 50));
    const message = { role: turn % 2 === 0 ? "user" : "assistant", content };
    messages.push(message);
    room -= Buffer.byteLength(JSON.stringify(message)) + 1;
  }
  messages.push({ role: "user", content: last });
  return Buffer.from(JSON.stringify({ ...head, messages }));
}

const placeholders = Object.keys(identifiers(0));

/** The whole answer's text, about 2 KB. */
export const answerText = `Dear customer, \n${prose(seeded(7), 1_700)}\nWe wrote to ${placeholders[0]} and will call ${placeholders[1]}; IBAN ${placeholders[2]} and "card ${placeholders[3]}" are noted (${placeholders[4]}).`;

/** Pieces of text of a stream: every 20th and the one after it hold the halves of a placeholder. */
export function streamPieces(events) {
  const pieces = [];
  for (let index = 0; index < events; index++) {
    const placeholder = placeholders[Math.floor(index / 20) % placeholders.length];
    const half = Math.floor(placeholder.length / 2);
    if (index === 0) pieces.push("Dear");
    else if (index % 20 === 10) pieces.push(` to ${placeholder.slice(0, half)}`);
    else if (index % 20 === 11) pieces.push(`${placeholder.slice(half)} and`);
    else pieces.push(index % 7 === 0 ? " customers,\n" : " answer");
  }
  return pieces;
}

/** `text` with every placeholder as the caller has to see it. */
export function restored(text, variant) {
  return Object.entries(identifiers(variant)).reduce((all, [name, value]) => all.replaceAll(name, value), text);
}
