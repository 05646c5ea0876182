// Operations under way: a card with a bar for each, which says how it ended.

import { announce, button, byId, el, freshId } from "./dom.js";
import { errorText, isCancelled } from "./errors.js";
import { bytes } from "./format.js";

/** How long the card of a success stays. */
const STAY_MS = 6000;

/** Nobody listens to more than this many numbers. */
const SAY_EVERY = 0.25;

/**
 * Runs `work`, which gets `{ signal, onProgress }`, and shows how far it has come. True when it
 * succeeded; no failure is thrown on.
 */
export async function runTask({ doing, done, failed, work }) {
  const abort = new AbortController();
  const card = new Card(doing, () => abort.abort());
  add(card);
  announce(`${doing}…`);
  try {
    await work({ signal: abort.signal, onProgress: (_, progress) => card.progress(progress) });
    card.finish(done, "finished");
    announce(done);
    return true;
  } catch (error) {
    if (isCancelled(error)) {
      const text = `Cancelled: ${failed}.`;
      card.finish(text, "cancelled");
      announce(text);
    } else {
      card.fail(failed, error);
    }
    return false;
  }
}

/** Says what happened without anything to wait for. */
export function note(failed, error) {
  const card = new Card(failed);
  add(card);
  card.fail(failed, error);
}

function add(card) {
  removeFinished();
  byId("tasks").append(card.element);
}

/** News takes the place of what was told before. */
function removeFinished() {
  const finished = byId("tasks").querySelectorAll(".finished:not(:focus-within)");
  for (const card of finished) card.remove();
}

// What has the focus is scrolled to where no card covers it.
new ResizeObserver(([{ target }]) => {
  document.documentElement.style.scrollPaddingBottom = `${target.offsetHeight + 8}px`;
}).observe(byId("tasks"));

class Card {
  constructor(title, cancel) {
    const label = freshId();
    this.said = 0;
    this.bar = el("progress", { max: 1, "aria-labelledby": label });
    this.text = el("span", { class: "small muted" }, "Starting…");
    this.button = button("Cancel", cancel, { class: "plain small", "aria-describedby": label });
    this.title = el("span", { class: "task-title", id: label }, title);
    this.head = el("div", { class: "task-head" }, this.title, this.button);
    this.element = el("div", { class: "task card" }, this.head, this.bar, this.text);
  }

  progress({ done, total }) {
    const fraction = total > 0 ? done / total : 1;
    this.bar.value = fraction;
    this.text.textContent = `${bytes(done)} of ${bytes(total)}`;
    if (fraction >= this.said + SAY_EVERY && fraction < 1) {
      this.said = fraction;
      announce(`${Math.round(fraction * 100)} percent`);
    }
  }

  finish(text, kind) {
    removeFinished();
    this.bar.remove();
    this.text.remove();
    this.title.textContent = text;
    this.element.classList.add(kind);
    this.closable();
    setTimeout(() => this.close(), STAY_MS);
  }

  fail(title, error) {
    this.element.replaceChildren(errorText(title, error), this.button);
    this.element.classList.add("failed");
    this.closable();
  }

  closable() {
    const dismiss = button("Dismiss", () => this.close(), { class: "plain small" });
    const focused = this.button === document.activeElement;
    this.button.replaceWith(dismiss);
    this.button = dismiss;
    if (focused) dismiss.focus();
  }

  close() {
    const focused = this.element.contains(document.activeElement);
    this.element.remove();
    if (focused) byId("details").focus();
  }
}
