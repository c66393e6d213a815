/** Words that name numbers of another kind; with `number` or the like behind them they are one word. */
const other =
  "orders?|invoices?|account|acct|tracking|tickets?|ref|reference|id|ids|serial|part|po|case|booking|policy|isbn|issn|ean|upc|sku|model|version|" +
  "build|port|pin|zip|postal|plz|amount|price|total|sum|year|date|iban|bic|vat|tax|ssn|passport|licen[cs]e|card|transaction|timestamp|epoch|" +
  "bestellung|bestellnummer|rechnung|kundennummer|kontonummer|commande|facture|pedido|factura|ordine|fattura";
const phone =
  "phones?|telephone|tel|mobile|cell|cellphone|fax|call|calls|called|calling|dial|ring|sms|text|texted|whats ?app|reach|reached|contact|hotline|" +
  "helpline|landline|voicemail|desk|office|messages? to|answering|registered|number|numbers|telefon|telefonnummer|handy|handynummer|mobil|rufnummer|" +
  "anrufen|nummer|t[eé]l[eé]phone|t[eé]l|portable|num[eé]ro|tel[eé]fono|m[oó]vil|celular|telefone|telem[oó]vel|cellulare|numer|telefoon|nummeret";
const before = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:(${other})(?:[ ._-]{0,2}(?:numbers?|nummer|no|nr|num|id|code))?|(?:${phone}))(?![\\p{L}\\p{N}])|[☎☏✆📞📱]`,
  "giu",
);
const after = /^[\s,()\-–]{0,3}(?:office|fax|mobile|cell|phone|home|work|desk|direct|tel)\b/i;
const reach = 48;

/** What the nearest telling word, before or right after the number, says that the number is. */
export function phoneContext(text: string, start: number, end: number): "phone" | "other" | undefined {
  if (after.test(text.slice(end, end + 12))) return "phone";
  let context: "phone" | "other" | undefined;
  for (const match of text.slice(Math.max(0, start - reach), start).matchAll(before))
    context = match[1] === undefined ? "phone" : "other";
  return context;
}
