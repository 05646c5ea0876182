// Questions: a dialog with fields, whose answer is a promise.

import { button, el, freshId } from "./dom.js";
import { bytes } from "./format.js";
import { PLACES } from "./models.js";

/**
 * Asks. `fields` are made by the functions below; `check` looks at the answers and gives a complaint
 * as `{ field, text }`, or nothing. The answers by the names of the fields, or `null`.
 */
export function ask({ title, text, fields = [], submit, danger = false, check }) {
  const heading = freshId();
  const dialog = el("dialog", { "aria-labelledby": heading });
  const confirm = el("button", { class: danger ? "primary danger" : "primary" }, submit);
  const cancel = button("Cancel", () => dialog.close());
  const form = el(
    "form",
    { method: "dialog", novalidate: true },
    el("h2", { id: heading }, title),
    text && el("p", {}, text),
    fields.map((field) => field.element),
    el("div", { class: "dialog-actions" }, cancel, confirm),
  );
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answers = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = Object.fromEntries(
        fields.filter(({ name }) => name).map((it) => [it.name, it.value()]),
      );
      fields.forEach((field) => field.complain?.(""));
      const complaint = fields.map((field) => field.check?.()).find(Boolean) ?? check?.(given);
      if (complaint) {
        const field = fields.find(({ name }) => name === complaint.field);
        field.complain(complaint.text);
        return;
      }
      answers = given;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answers);
    });
    dialog.showModal();
    const first = dialog.querySelector("input[data-first]");
    // Whoever presses Enter without reading loses nothing.
    (first ?? (danger ? cancel : confirm)).focus();
    first?.select();
  });
}

/** Tells a list of things, until it is closed. */
export function tell({ title, text, lines }) {
  const heading = freshId();
  const dialog = el("dialog", { "aria-labelledby": heading });
  const rows = lines.map((line) => el("li", {}, line));
  const close = el("button", { class: "primary" }, "Close");
  dialog.append(
    el(
      "form",
      { method: "dialog" },
      el("h2", { id: heading }, title),
      el("p", {}, text),
      el("ul", { class: "told small", tabindex: "0", "aria-label": title }, rows),
      el("div", { class: "dialog-actions" }, close),
    ),
  );
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
    dialog.showModal();
    close.focus();
  });
}

/** A line of text that must not be empty. */
export function textField({ name, label, value = "", hint, type = "text", first = false, empty }) {
  const [id, about, wrong] = [freshId(), freshId(), freshId()];
  const input = el("input", {
    id,
    type,
    value,
    autocomplete: "off",
    spellcheck: "false",
    "data-first": first,
    "aria-describedby": hint ? `${wrong} ${about}` : wrong,
  });
  const complaint = el("p", { class: "complaint", id: wrong, role: "alert" });
  const field = {
    name,
    value: () => input.value.trim(),
    check: () => (field.value() === "" ? { field: name, text: empty } : undefined),
    complain(text) {
      complaint.textContent = text;
      if (text) {
        input.setAttribute("aria-invalid", "true");
        input.focus();
      } else {
        input.removeAttribute("aria-invalid");
      }
    },
    element: el(
      "div",
      { class: "field" },
      el("label", { for: id }, label),
      input,
      complaint,
      hint && el("p", { class: "small muted", id: about }, hint),
    ),
  };
  return field;
}

/** Which of the places. */
export function placeField({ name, label, value }) {
  const group = freshId();
  const inputs = PLACES.map(({ scheme }) =>
    el("input", { type: "radio", name: group, value: scheme, checked: scheme === value }),
  );
  const choices = PLACES.map((place, index) =>
    el(
      "label",
      { class: "choice" },
      inputs[index],
      el("span", {}, place.name, el("span", { class: "small muted" }, place.about)),
    ),
  );
  return {
    name,
    value: () => inputs.find((input) => input.checked)?.value,
    element: el("fieldset", {}, el("legend", {}, label), choices),
  };
}

/** Yes or no. */
export function checkField({ name, label }) {
  const input = el("input", { type: "checkbox" });
  return {
    name,
    value: () => input.checked,
    element: el("label", { class: "choice" }, input, el("span", {}, label)),
  };
}

/** Files that somebody has chosen. */
export function filesField(files) {
  const rows = files.map((file) =>
    el("li", {}, el("span", {}, file.name), el("span", { class: "muted" }, bytes(file.size))),
  );
  const list = el("ul", { class: "file-names small", tabindex: "0", "aria-label": "Files" }, rows);
  return { element: list, value: () => files };
}
