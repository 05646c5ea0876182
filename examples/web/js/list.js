// The models of each place, and how full it is.

import { button, byId, el, freshId } from "./dom.js";
import { errorText, sentence } from "./errors.js";
import { bytes, count, shortDate } from "./format.js";
import { nameOf, PLACES } from "./models.js";

/** What a model takes. */
export const sizeOf = ({ info }) =>
  info.modelTopologyBytes + info.weightSpecsBytes + info.weightDataBytes;

/** Shows `places`, by scheme: `{ models, broken, quota, error }`. */
export function showPlaces(places, selected, select) {
  const focused = document.activeElement?.closest?.("[data-url]")?.dataset.url;
  byId("places").replaceChildren(
    ...PLACES.map((place) => placeCard(place, places[place.scheme], selected, select)),
  );
  if (focused !== undefined) find(focused)?.focus();
}

/** Puts the focus on a model. */
export function focusModel(url) {
  find(url)?.focus();
}

function find(url) {
  return [...byId("places").querySelectorAll("[data-url]")].find((it) => it.dataset.url === url);
}

function placeCard(place, { models, broken, quota, error }, selected, select) {
  const heading = freshId();
  const total = models.reduce((sum, model) => sum + sizeOf(model), 0);
  return el(
    "section",
    { class: "card", "aria-labelledby": heading },
    el(
      "div",
      { class: "place-head" },
      el(
        "div",
        { class: "place-title" },
        el("h2", { id: heading, class: "place-name" }, place.name),
        el(
          "span",
          { class: "small muted" },
          models.length > 0 && `${count(models.length, "model")}, ${bytes(total)}`,
        ),
      ),
      quota && quotaMeter(place, quota, total),
    ),
    error && errorText(`${place.name} cannot be read`, error),
    !error &&
      models.length === 0 &&
      broken.length === 0 &&
      el("p", { class: "place-empty small muted" }, `No models yet. ${place.about}.`),
    (models.length > 0 || broken.length > 0) &&
      el(
        "ul",
        { class: "models" },
        models.map((model) => el("li", {}, modelButton(model, selected, select))),
        broken.map((it) => el("li", { class: "broken small" }, brokenText(it))),
      ),
  );
}

function brokenText(error) {
  const name = error.url ? nameOf(error.url) : "A model";
  return [
    el("strong", {}, `${name} cannot be read`),
    el("span", { class: "muted" }, sentence(error)),
  ];
}

function modelButton(model, selected, select) {
  const text = el("span", { class: "model-name" }, model.name);
  const facts = el(
    "span",
    { class: "small muted" },
    el("span", {}, bytes(sizeOf(model))),
    el("span", {}, shortDate(model.info.dateSaved)),
  );
  const chosen = model.url === selected;
  const element = button("", () => select(model.url), {
    class: "model",
    "data-url": model.url,
    "aria-current": chosen ? "true" : null,
    title: model.name,
  });
  element.replaceChildren(text, facts);
  return element;
}

function quotaMeter(place, { used: told, total }, stored) {
  // The browser's own number comes late.
  const used = Math.max(told, stored);
  const label = `${bytes(used)} of about ${bytes(total)} used`;
  return el(
    "div",
    {},
    el("meter", {
      min: 0,
      max: total,
      low: 0.8 * total,
      optimum: 0,
      value: used,
      "aria-label": `${place.name}: ${label}`,
    }),
    el("p", { class: "small muted" }, label),
  );
}
