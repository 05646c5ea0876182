// The weights of a model: a table that fills itself while they are read.

import { announce, button, el } from "./dom.js";
import { errorText, isCancelled } from "./errors.js";
import { bytes, count, shape, value } from "./format.js";
import { picture, summarise } from "./histogram.js";
import { elements, storedBytes, tensors } from "./tensors.js";

/** Rows that are shown at once. */
const ROWS = 300;

const HEADS = [["Name"], ["Shape and type"], ["Size", "number"], ["Range and mean"], ["Spread"]];

/** The section on the weights of `artifacts`. It reads them until `signal` says that it is not seen. */
export function weightsSection(artifacts, signal) {
  const specs = artifacts.weightSpecs ?? [];
  const heading = el("h3", {}, "Weights");
  if (specs.length === 0) {
    return el("section", {}, heading, el("p", { class: "muted" }, "This model has none."));
  }
  const parameters = specs.reduce((sum, spec) => sum + elements(spec), 0);
  const state = el("span", { class: "small muted" }, "Reading the values…");
  const rows = specs.map(row);
  const body = el(
    "tbody",
    {},
    rows.slice(0, ROWS).map(({ element }) => element),
  );
  const more =
    rows.length > ROWS &&
    button(`Show all ${count(rows.length, "weight")}`, () => {
      body.append(...rows.slice(ROWS).map(({ element }) => element));
      more.remove();
    });
  const section = el(
    "section",
    { "aria-label": "Weights" },
    el(
      "div",
      { class: "weights-head" },
      heading,
      el(
        "span",
        { class: "small muted" },
        `${count(specs.length, "weight")}, ${count(parameters, "value")}`,
      ),
      state,
    ),
    el(
      "table",
      { class: "weights-table" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          HEADS.map(([text, kind]) => el("th", { scope: "col", class: kind }, text)),
        ),
      ),
      body,
    ),
    more,
  );
  read(artifacts, rows, signal).then(
    () => {
      state.textContent = "";
      announce("All weights are read");
    },
    (error) => {
      if (isCancelled(error) || signal.aborted) return;
      state.textContent = "";
      section.append(errorText("The weights cannot be read", error));
    },
  );
  return section;
}

async function read(artifacts, rows, signal) {
  const stream = artifacts.getWeightStream?.() ?? new Blob([artifacts.weightData].flat()).stream();
  let index = 0;
  for await (const { bytes: length, values } of tensors(stream, artifacts.weightSpecs)) {
    signal.throwIfAborted();
    const { show } = rows[index];
    index += 1;
    show(length, values && (await summarise(values, signal)));
  }
}

/** The row of a weight, and what shows its values once they are known. */
function row(spec) {
  const size = el("td", { class: "number small muted" }, sizeText(storedBytes(spec)));
  const range = el("td", { class: "weight-values small" }, el("span", { class: "muted" }, "…"));
  const spread = el("td", { class: "weight-histogram" });
  const stored = spec.quantization ? `, stored as ${spec.quantization.dtype}` : "";
  const group = spec.group ? ` (${spec.group})` : "";
  const element = el(
    "tr",
    {},
    el("td", { class: "weight-name" }, spec.name),
    el(
      "td",
      { class: "weight-shape small" },
      shape(spec.shape),
      el("div", { class: "muted" }, spec.dtype + stored + group),
    ),
    size,
    range,
    spread,
  );
  const show = (length, summary) => {
    size.textContent = sizeText(length);
    range.replaceChildren(rangeText(summary));
    if (summary?.finite > 1) spread.append(picture(summary));
  };
  return { element, show };
}

const sizeText = (length) => (length === undefined ? "" : bytes(length));

function rangeText(summary) {
  if (summary === undefined) return el("span", { class: "muted" }, "text");
  const { min, max, mean, finite, strange } = summary;
  const oddities = strange > 0 && el("span", {}, `${count(strange, "value")} not finite`);
  if (finite === 0) return oddities || el("span", { class: "muted" }, "no values");
  if (finite === 1) return el("span", { class: "spread" }, el("span", {}, value(min)), oddities);
  return el(
    "span",
    { class: "spread" },
    el("span", {}, `${value(min)} … ${value(max)}`),
    el("span", { class: "muted" }, `mean ${value(mean)}`),
    oddities,
  );
}
