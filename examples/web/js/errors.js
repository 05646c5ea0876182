// What went wrong, and what can be done about it.

import { el } from "./dom.js";
import { bytes } from "./format.js";

export const isCancelled = (error) => error?.name === "AbortError" || error?.kind === "Cancelled";

/** The text of a failure: its sentence, the hint, and the causes for who wants to know. */
export function errorText(title, error) {
  const causes = chain(error);
  return el(
    "div",
    { class: "error", role: "alert" },
    el("strong", {}, title),
    el("p", {}, sentence(error)),
    hint(error) && el("p", {}, hint(error)),
    causes.length > 0 &&
      el(
        "details",
        { class: "small" },
        el("summary", {}, "Technical details"),
        causes.map((cause) => el("p", { class: "mono" }, cause)),
      ),
  );
}

/** The text of an error as a sentence. */
export function sentence(error) {
  const text = String(error?.message ?? error).trim();
  const [first = "?"] = text;
  const capital = /^[a-z][a-z]*:\/\//.test(text) ? first : first.toLocaleUpperCase();
  return capital + text.slice(first.length) + (/[.!?]$/.test(text) ? "" : ".");
}

function hint(error) {
  if (error?.kind === "QuotaExceeded" && error.needed !== undefined) {
    const left = error.available === undefined ? "" : `, and ${bytes(error.available)} are left`;
    return `It takes ${bytes(error.needed)}${left}. ${asSentence(error.hint)}`.trim();
  }
  return asSentence(error?.hint);
}

function asSentence(text) {
  return text ? `${text[0].toLocaleUpperCase()}${text.slice(1)}.` : "";
}

function chain(error) {
  const causes = [];
  for (let cause = error?.cause; cause && causes.length < 8; cause = cause.cause) {
    causes.push(String(cause.message ?? cause));
  }
  return causes;
}
