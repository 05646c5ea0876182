// What is known of the chosen model, and what can be done with it.

import { button, byId, el, freshId } from "./dom.js";
import { errorText, isCancelled } from "./errors.js";
import { bytes, longDate } from "./format.js";
import { open, placeOf } from "./models.js";
import { weightsSection } from "./weights.js";

/** Ends the reading for what was shown before. */
let shown = new AbortController();

/** Shows a model; `actions` are `{ text, run, danger }`. */
export async function showModel(model, actions) {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const { info } = model;
  const heading = freshId();
  const facts = el(
    "dl",
    { class: "facts" },
    fact("Saved", longDate(info.dateSaved)),
    fact("Weights", bytes(info.weightDataBytes)),
    fact("Topology", info.modelTopologyBytes > 0 ? bytes(info.modelTopologyBytes) : "none"),
  );
  const below = el(
    "div",
    { "aria-busy": "true" },
    el("p", { class: "muted" }, "Opening the model…"),
  );
  const sheet = el(
    "article",
    { class: "sheet card", "aria-labelledby": heading },
    el(
      "div",
      { class: "sheet-head" },
      el("span", { class: "badge" }, placeOf(model.url).name),
      el("h2", { id: heading }, model.name),
      el("p", { class: "small muted mono" }, model.url),
    ),
    el(
      "div",
      { class: "actions" },
      actions.map(({ text, run, danger }) =>
        button(text, () => run(model), { class: danger ? "danger" : "" }),
      ),
    ),
    facts,
    below,
  );
  byId("details").replaceChildren(sheet);
  try {
    const artifacts = await open(model.url, { signal });
    if (signal.aborted) return;
    facts.append(...knownFacts(artifacts));
    below.replaceChildren(weightsSection(artifacts, signal));
  } catch (error) {
    if (isCancelled(error) || signal.aborted) return;
    below.replaceChildren(errorText("The model cannot be opened", error));
  } finally {
    below.removeAttribute("aria-busy");
  }
}

/** Shows that no model is chosen, or that there is none. */
export function showNothing(isEmpty, addSample) {
  shown.abort();
  const picture = el("img", { src: "icon.svg", alt: "", width: "56", height: "56" });
  const texts = isEmpty
    ? [
        el("h2", {}, "No models yet"),
        el(
          "p",
          { class: "muted" },
          "Drop the files of a TensorFlow.js model anywhere on this page, add them from your disk, or load one from a URL. What TensorFlow.js itself saves in this browser appears here too.",
        ),
        button("Add a sample model", addSample),
      ]
    : [
        el("h2", {}, "Choose a model"),
        el(
          "p",
          { class: "muted" },
          "Its sizes and weights are shown here, and you can copy, move, download or remove it.",
        ),
      ];
  byId("details").replaceChildren(el("div", { class: "empty card" }, picture, texts));
}

function knownFacts({ format, generatedBy, convertedBy, trainingConfig, signature }) {
  const inputs = Object.keys(signature?.inputs ?? {}).join(", ");
  const outputs = Object.keys(signature?.outputs ?? {}).join(", ");
  return [
    fact("Format", format),
    fact("Made by", generatedBy),
    fact("Converted by", convertedBy),
    fact("Training", trainingConfig && "can be continued"),
    fact("Inputs", inputs),
    fact("Outputs", outputs),
  ].filter(Boolean);
}

function fact(term, text) {
  return text ? el("div", {}, el("dt", {}, term), el("dd", {}, String(text))) : null;
}
