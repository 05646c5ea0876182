// What can be done with models: asked for in a dialog, then carried out with a bar.

import { convertFile, isForeign, stemOf } from "./convert.js";
import { ask, checkField, filesField, placeField, tell, textField } from "./dialogs.js";
import { el } from "./dom.js";
import * as models from "./models.js";
import { sampleModel } from "./sample.js";
import { runTask } from "./tasks.js";

const nameField = (value) =>
  textField({ name: "name", label: "Name", value, first: true, empty: "A model needs a name." });

const replaceField = () =>
  checkField({ name: "replace", label: "Replace a model that has this name already" });

/**
 * The operations of the page. `exists` tells whether there is a model at a URL, and `changed` is
 * called with the URL to show, or none, after each of them.
 */
export function operations({ exists, changed }) {
  /** Asks where to, with what is asked besides; the URL and whether to replace. */
  async function askDestination({ title, text, submit, place, name, before = [], after = [], from }) {
    const fields = [
      ...before,
      placeField({ name: "place", label: "Place", value: place }),
      nameField(name),
      replaceField(),
      ...after,
    ];
    const check = (given) => {
      const url = models.urlOf(given.place, given.name);
      if (url === from)
        return { field: "name", text: "This is the model itself. Choose another name or place." };
      if (exists(url) && !given.replace) {
        return {
          field: "name",
          text: "There is a model of this name. Choose another one, or let it be replaced.",
        };
      }
      return undefined;
    };
    const given = await ask({ title, text, submit, fields, check });
    return given && { ...given, url: models.urlOf(given.place, given.name) };
  }

  /** Converts a file of Keras or of safetensors, and tells what had to be changed. */
  async function addForeign(file) {
    const to = await askDestination({
      title: "Convert a file",
      text: "It becomes a model of TensorFlow.js, here in this page.",
      submit: "Convert",
      place: "indexeddb",
      name: stemOf(file),
      before: [filesField([file])],
      after: [
        checkField({ name: "force", label: "Even if TensorFlow.js would compute something else" }),
        checkField({ name: "allowUnsupported", label: "Even if TensorFlow.js lacks some of its classes" }),
      ],
    });
    if (!to) return;
    let changes = [];
    const task = {
      doing: `Converting “${to.name}”`,
      done: `“${to.name}” is in ${models.placeOf(to.url).name}.`,
      failed: `“${to.name}” was not converted`,
      async work(options) {
        const { force, allowUnsupported, replace } = to;
        const how = { force, allowUnsupported, overwrite: replace };
        changes = await convertFile(file, to.url, { ...options, ...how });
      },
    };
    await run(task, to.url);
    if (changes.length === 0) return;
    const text = `“${to.name}” differs from ${file.name} in this:`;
    await tell({ title: "What was changed", text, lines: changes });
  }

  async function run(task, url) {
    if (await runTask(task)) await changed(url);
    else await changed();
  }

  async function putAgain(model, verb, title, work) {
    const other = models.PLACES.find((place) => place !== models.placeOf(model.url));
    const to = await askDestination({
      title: `${title} “${model.name}”`,
      submit: title,
      place: other.scheme,
      name: model.name,
      from: model.url,
    });
    if (!to) return;
    const task = {
      doing: `${verb} “${model.name}”`,
      done: `“${to.name}” is in ${models.placeOf(to.url).name}.`,
      failed: `“${model.name}” was not ${verb === "Copying" ? "copied" : "moved"}`,
      work: (options) => work(model.url, to.url, { ...options, overwrite: to.replace }),
    };
    await run(task, to.url);
  }

  return {
    copy: (model) => putAgain(model, "Copying", "Copy", models.copy),
    move: (model) => putAgain(model, "Moving", "Move", models.move),

    async download(model) {
      const task = {
        doing: `Preparing “${model.name}”`,
        done: "The download has begun. Your browser may ask whether it may save several files.",
        failed: `“${model.name}” was not downloaded`,
        work: (options) => models.download(model.url, options),
      };
      await runTask(task);
    },

    async send(model) {
      const url = urlField(
        "The server gets the model as TensorFlow.js sends it: one POST with model.json and the weights.",
      );
      const given = await ask({
        title: `Send “${model.name}” to a server`,
        submit: "Send",
        fields: [url],
      });
      if (!given) return;
      const task = {
        doing: `Sending “${model.name}”`,
        done: `“${model.name}” was sent.`,
        failed: `“${model.name}” was not sent`,
        work: (options) => models.copy(model.url, given.url, options),
      };
      await runTask(task);
    },

    async remove(model) {
      const place = models.placeOf(model.url).name;
      const text = `It will be gone from ${place}. This cannot be undone.`;
      const sure = await ask({
        title: `Remove “${model.name}”?`,
        text,
        submit: "Remove",
        danger: true,
      });
      if (!sure) return;
      const task = {
        doing: `Removing “${model.name}”`,
        done: `“${model.name}” is removed.`,
        failed: `“${model.name}” was not removed`,
        work: (options) => models.remove(model.url, options),
      };
      await run(task);
    },

    async addFiles(files) {
      if (files.length === 1 && isForeign(files[0])) {
        await addForeign(files[0]);
        return;
      }
      const chosen = files.length === 1 && files[0].name.endsWith(".json");
      const warning = chosen && {
        element: el(
          "p",
          { class: "complaint" },
          "This is a model file alone: the model will have no weights.",
        ),
      };
      const to = await askDestination({
        title: files.length === 1 ? "Add a file" : `Add ${files.length} files`,
        submit: "Add",
        place: "indexeddb",
        name: nameFor(files),
        before: [filesField(files), ...(warning ? [warning] : [])],
      });
      if (!to) return;
      const task = {
        doing: `Adding “${to.name}”`,
        done: `“${to.name}” is in ${models.placeOf(to.url).name}.`,
        failed: `“${to.name}” was not added`,
        work: (options) => models.saveFiles(files, to.url, { ...options, overwrite: to.replace }),
      };
      await run(task, to.url);
    },

    async addURL() {
      const field = urlField("Its server must allow this page to read it.");
      const to = await askDestination({
        title: "Load a model from a URL",
        submit: "Load",
        place: "indexeddb",
        name: "downloaded-model",
        before: [field],
      });
      if (!to) return;
      const from = field.value();
      const task = {
        doing: `Loading “${to.name}”`,
        done: `“${to.name}” is in ${models.placeOf(to.url).name}.`,
        failed: `“${to.name}” was not loaded`,
        work: (options) => models.copy(from, to.url, { ...options, overwrite: to.replace }),
      };
      await run(task, to.url);
    },

    async addSample() {
      const url = models.urlOf("indexeddb", "sample");
      const task = {
        doing: "Adding a sample model",
        done: "The sample model is in IndexedDB.",
        failed: "The sample model was not added",
        work: (options) => models.saveArtifacts(sampleModel(), url, options),
      };
      await run(task, url);
    },
  };
}

function urlField(hint) {
  const field = textField({
    name: "url",
    label: "URL",
    type: "url",
    hint,
    first: true,
    empty: "Where? For instance https://example.com/model.json",
  });
  const { check } = field;
  field.check = () => {
    const wrong = { field: "url", text: "A URL begins with https:// or http://." };
    return check() ?? (/^https?:\/\/./.test(field.value()) ? undefined : wrong);
  };
  return field;
}

/** What to call the model in some files: as its folder, or as the model file. */
function nameFor(files) {
  const called = (test) => files.find(({ name }) => test(name));
  const json =
    called((name) => name === "model.json") ?? called((name) => name.endsWith(".json")) ?? files[0];
  const folder = json.webkitRelativePath?.split("/").at(-2);
  const own = json.name.replace(/\.json$/, "");
  return folder || own || "model";
}
