import type { Dialect } from "../dialects/dialect.ts";
import type { Translation } from "../dialects/translate/translate.ts";
import { answerHeaders } from "../headers.ts";
import type { HttpHead } from "../http.ts";

export type CallerHeaders = Record<string, HttpHead["headers"][string]>;

/** A provider's headers as the caller may see them; always a fresh object. */
export function callerHeaders(head: HttpHead, dialect: Dialect, translation: Translation | undefined): CallerHeaders {
  if (translation === undefined) return answerHeaders(head, dialect);
  const headers: CallerHeaders = answerHeaders(translation.answerHead(head), dialect);
  const { losses } = translation;
  if (losses.length > 0) headers["x-postern-losses"] = renderLosses(losses);
  return headers;
}

/** What a header holds of them: the rest is in the record. */
const mostLosses = 20;

function renderLosses(losses: readonly string[]): string {
  const named = losses.slice(0, mostLosses).join(", ");
  return losses.length > mostLosses ? `${named}, +${losses.length - mostLosses}` : named;
}
