import { FOREIGN, findAny, LETTER } from "./characters.ts";
import type { Source } from "./source.ts";

type Context = "phone" | "other";

/** Words that tell what a number near them is. */
const contexts = new Map<string, Context>();
const phone =
  "phone phones telephone tel mobile cell cellphone fax call calls called calling dial ring sms text texted whatsapp whats reach reached contact hotline helpline " +
  "landline voicemail desk office messages message answering registered telefon telefonnummer handy handynummer mobil rufnummer anrufen téléphone telephone " +
  "tél portable teléfono telefono móvil movil celular telefone telemóvel cellulare telefoon";
const other =
  "order orders invoice invoices account acct tracking ticket tickets ref reference id ids serial part po case booking policy isbn issn ean upc sku model " +
  "version build port pin zip postal plz amount price total sum year date iban bic vat tax ssn passport license licence card transaction timestamp epoch " +
  "bestellung bestellnummer rechnung kundennummer kontonummer commande facture pedido factura ordine fattura";
for (const word of phone.split(" ")) contexts.set(word, "phone");
for (const word of other.split(" ")) contexts.set(word, "other");
/** They say what the word before them says; alone, that a phone number may be meant. */
const numbers = new Set("number numbers no nr num nummer numéro numero número code".split(" "));

/** The words of identifiers too: `phoneNumber`, `order_id`. */
const words = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lo}+/gu;
const symbols = /[☎☏✆📞📱]/u;
const after = /^[\s,()\-–]{0,3}(?:office|fax|mobile|cell|phone|home|work|desk|direct|tel)\b/i;
const reach = 48;

const hasWords = (units: Source["units"], from: number, to: number): boolean =>
  findAny(units, from, to, LETTER | FOREIGN) < to;

/** What the nearest telling word, before or right after the number, says that the number is. */
export function phoneContext({ text, units }: Source, start: number, end: number): Context | undefined {
  if (hasWords(units, end, end + 4) && after.test(text.slice(end, end + 12))) return "phone";
  const from = Math.max(0, start - reach);
  if (!hasWords(units, from, start)) return undefined;
  const before = text.slice(from, start);
  const found = before.match(words) ?? [];
  for (let i = found.length - 1; i >= 0; i--) {
    const word = (found[i] as string).toLowerCase();
    if (numbers.has(word)) {
      const named = contexts.get(found[i - 1]?.toLowerCase() ?? "");
      // A type in source code, or too far away: `size: number = 134217728`.
      if (
        named !== undefined ||
        (i >= found.length - 2 && !before.includes("=", before.lastIndexOf(found[i] as string)))
      )
        return named ?? "phone";
    }
    const context = contexts.get(word);
    if (context !== undefined) return context;
  }
  return symbols.test(before) ? "phone" : undefined;
}
