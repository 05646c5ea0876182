// Elements. Texts become text nodes, never markup: the name of a model is a stranger's data.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (`onclick`) and children; `null` and `false` are left out. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for pictures. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** A button that does something. */
export function button(text, onclick, attributes = {}) {
  return el("button", { type: "button", onclick, ...attributes }, text);
}

export const byId = (id) => document.getElementById(id);

/** Tells those who do not see the page what has happened. */
export function announce(text) {
  byId("status").textContent = text;
}

let ids = 0;

/** An id that no other element of the page has. */
export function freshId() {
  ids += 1;
  return `part-${ids}`;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  const shown = children
    .flat()
    .filter((child) => child !== null && child !== undefined && child !== false);
  element.append(...shown);
  return element;
}
