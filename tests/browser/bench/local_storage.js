// In the page: local storage by us, by TensorFlow.js, and the bare calls with the ready string.

import * as modelport from "/npm/all/index.js";
import { check, inTurns, modelOf, noise } from "./rounds.js";

const URL = "localstorage://m";
const KEY = "tensorflowjs_models/m/weight_data";

export async function measure(bytes, rounds) {
  await modelport.init();
  // Two of each, so that no call stores what is there already.
  const models = [1, 2].map((seed) => modelOf(noise(bytes, seed)));
  const of = (pair, round) => pair[round % 2];
  const clear = () => localStorage.clear();
  // A string that was stored once is stored faster again, but who saves a model has a new one, as the
  // browser's own encoder gives it.
  let text;
  const ready = (round) => (text = new Uint8Array(of(models, round).weightData).toBase64());
  const loaded = ({ weightData }) => check(weightData.byteLength === bytes, "all bytes are loaded");

  const raw = [
    {
      what: "raw save",
      before: (round) => [clear(), ready(round)],
      call: () => localStorage.setItem(KEY, text),
    },
    {
      what: "raw save over another",
      before: (round) => ready(round + 1),
      call: () => localStorage.setItem(KEY, text),
    },
    { what: "raw load", call: () => localStorage.getItem(KEY).charCodeAt(bytes) },
  ];
  const handlers = (name, handler) => [
    { what: `${name} save`, before: clear, call: (round) => handler.save(of(models, round)) },
    { what: `${name} save over another`, call: (round) => handler.save(of(models, round + 1)) },
    { what: `${name} load`, call: async () => loaded(await handler.load()) },
  ];
  const times = await inTurns(rounds, [
    raw,
    handlers("our", modelport.getSaveHandlers(URL)[0]),
    handlers("tfjs", tf.io.getSaveHandlers(URL)[0]),
  ]);
  clear();
  return times;
}
