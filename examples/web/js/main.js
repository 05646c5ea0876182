// The page: what is stored, what is chosen, and who is told of changes.

import { showModel, showNothing } from "./details.js";
import { byId } from "./dom.js";
import { watchFiles } from "./drop.js";
import { focusModel, showPlaces } from "./list.js";
import { list, PLACES } from "./models.js";
import { operations } from "./operations.js";
import { quotaOf } from "./quota.js";
import { note } from "./tasks.js";

/** What is stored, by scheme. */
let places = {};
/** The URL of the model that is shown. */
let chosen = null;
/** What the sheet shows, so that it is made anew only when that has changed. */
let onSheet = null;
/** How many times the places were looked at. */
let refreshes = 0;

const all = () => PLACES.flatMap(({ scheme }) => places[scheme]?.models ?? []);

const { copy, move, download, send, remove, addFiles, addURL, addSample } = operations({
  exists: (url) => all().some((model) => model.url === url),
  async changed(url) {
    if (url !== undefined) chosen = url;
    await refresh();
    if (url !== undefined) focusModel(url);
    else if (chosen === null) byId("details").focus();
  },
});

const ACTIONS = [
  { text: "Copy…", run: copy },
  { text: "Move…", run: move },
  { text: "Download", run: download },
  { text: "Send to server…", run: send },
  { text: "Remove…", run: remove, danger: true },
];

async function refresh() {
  refreshes += 1;
  const own = refreshes;
  const found = await Promise.all(PLACES.map(async ({ scheme }) => [scheme, await lookAt(scheme)]));
  // What began later knows better.
  if (own !== refreshes) return;
  places = Object.fromEntries(found);
  show();
}

async function lookAt(scheme) {
  const quota = await quotaOf(scheme).catch(() => null);
  try {
    return { ...(await list(scheme)), quota };
  } catch (error) {
    return { models: [], broken: [], quota, error };
  }
}

function show() {
  const model = all().find(({ url }) => url === chosen);
  if (!model) chosen = null;
  showPlaces(places, chosen, choose);
  const sheet = model ? `${model.url} ${model.info.dateSaved}` : all().length;
  if (sheet === onSheet) return;
  onSheet = sheet;
  if (model) showModel(model, ACTIONS);
  else showNothing(all().length === 0, addSample);
}

function choose(url) {
  chosen = url;
  show();
  // On a narrow screen the sheet is below the list.
  if (matchMedia("(max-width: 820px)").matches) {
    byId("details").scrollIntoView({ block: "start" });
    byId("details").focus({ preventScroll: true });
  }
}

watchFiles(addFiles, (error) => note("The files cannot be read", error));
byId("open-url").addEventListener("click", addURL);
// Other tabs, and TensorFlow.js, change the same places.
addEventListener("focus", refresh);
addEventListener("storage", refresh);

refresh();
