// Files from the person at the page: dropped, with whole folders, or picked.

import { byId } from "./dom.js";

/** More files than any model has are a folder that was dropped by mistake. */
const MOST_FILES = 20_000;

/** Calls `take` with the files, and `fail` when a folder cannot be read. */
export function watchFiles(take, fail) {
  const input = byId("files");
  byId("pick").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const files = [...input.files];
    // So that the same files can be picked again.
    input.value = "";
    if (files.length > 0) take(files);
  });

  const overlay = byId("drop");
  let inside = 0;
  const show = (change) => {
    inside = Math.max(0, inside + change);
    overlay.hidden = inside === 0;
  };
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => hasFiles(event) && show(1));
  addEventListener("dragleave", (event) => hasFiles(event) && show(-1));
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = document.querySelector("dialog[open]") ? "none" : "copy";
  });
  addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(-inside);
    if (document.querySelector("dialog[open]")) return;
    try {
      const files = await dropped(event.dataTransfer);
      if (files.length > 0) take(files);
    } catch (error) {
      fail(error);
    }
  });
}

/** All files, those in folders too. The entries are gone after the first wait, so they come first. */
async function dropped(transfer) {
  const plain = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return plain;
  const files = [];
  while (entries.length > 0) {
    const entry = entries.pop();
    if (entry.isDirectory) entries.push(...(await children(entry)));
    // Files of the system, such as `.DS_Store`.
    else if (!entry.name.startsWith("."))
      files.push(await new Promise((ok, no) => entry.file(ok, no)));
    if (files.length + entries.length > MOST_FILES)
      throw new Error("These are too many files for one model");
  }
  return files;
}

async function children(directory) {
  const reader = directory.createReader();
  const all = [];
  for (;;) {
    // A reader gives a hundred at a time.
    const some = await new Promise((ok, no) => reader.readEntries(ok, no));
    if (some.length === 0 || all.length > MOST_FILES) return all;
    all.push(...some);
  }
}
