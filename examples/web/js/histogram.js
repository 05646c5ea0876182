// How the values of a weight are spread.

import { svg } from "./dom.js";
import { value } from "./format.js";

const BINS = 33;
const WIDTH = 132;
const HEIGHT = 34;

/** Values between two turns of the page. */
const AT_A_TIME = 1 << 20;

/** Least, most, mean, and how many values fall into each of equal ranges; NaN and infinities apart. */
export async function summarise(values, signal) {
  let [min, max, sum, finite] = [Infinity, -Infinity, 0, 0];
  await inTurns(values.length, signal, (from, to) => {
    for (let index = from; index < to; index++) {
      const number = values[index];
      if (!Number.isFinite(number)) continue;
      if (number < min) min = number;
      if (number > max) max = number;
      sum += number;
      finite += 1;
    }
  });
  const bins = new Array(BINS).fill(0);
  const width = (max - min) / BINS;
  await inTurns(values.length, signal, (from, to) => {
    for (let index = from; index < to; index++) {
      const number = values[index];
      if (!Number.isFinite(number)) continue;
      const bin = width > 0 ? Math.floor((number - min) / width) : BINS >> 1;
      bins[Math.min(BINS - 1, bin)] += 1;
    }
  });
  return {
    min,
    max,
    mean: finite > 0 ? sum / finite : NaN,
    finite,
    strange: values.length - finite,
    bins,
  };
}

/** A small picture of a summary. */
export function picture({ min, max, bins }) {
  const most = Math.max(...bins);
  const step = WIDTH / BINS;
  const bars = bins.map((amount, index) => {
    // Whatever is there is seen.
    const height = amount === 0 ? 0 : Math.max(1.5, (amount / most) * (HEIGHT - 2));
    return svg("rect", { x: index * step, y: HEIGHT - 1 - height, width: step - 0.8, height });
  });
  const label = `Histogram: values from ${value(min)} to ${value(max)}, most of them near ${value(peak(min, max, bins))}`;
  return svg(
    "svg",
    { class: "histogram", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }),
    bars,
  );
}

function peak(min, max, bins) {
  const place = bins.indexOf(Math.max(...bins));
  return min + ((place + 0.5) * (max - min)) / BINS;
}

async function inTurns(length, signal, work) {
  for (let from = 0; from < length; from += AT_A_TIME) {
    signal.throwIfAborted();
    work(from, Math.min(length, from + AT_A_TIME));
    if (length > AT_A_TIME) await new Promise((resolve) => setTimeout(resolve));
  }
}
