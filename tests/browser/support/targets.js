// What the project promised of a browser, beside what was measured.

/** Prints the table and tells whether all are met. What was not measured is not met. */
export function print(results) {
  console.log(`\n${"target".padEnd(64)} ${"measured".padStart(12)}`);
  let all = true;
  for (const { what, measured, most, least, unit = "x" } of targets(results)) {
    const isMet = measured !== undefined && (most === undefined || measured <= most) && (least === undefined || measured >= least);
    all &&= isMet;
    const verdict = isMet ? "met" : measured === undefined ? "NOT measured" : "NOT met";
    const bound = most === undefined ? `>= ${least}${unit}` : `<= ${most}${unit}`;
    const value = measured === undefined ? "" : `${measured.toFixed(2)}${unit}`;
    console.log(`${`${what} ${bound}`.padEnd(64)} ${value.padStart(12)} ${verdict.padStart(14)}`);
  }
  return all;
}

function targets({ localStorage, indexedDB, large }) {
  const small = (what, to) => ratio(localStorage[3_600_000], what, to);
  const found = [
    { what: "localStorage 3.6 MB: save, to raw", measured: small("our save", "raw save"), most: 1.3 },
    {
      what: "localStorage 3.6 MB: save over another, to raw",
      measured: small("our save over another", "raw save over another"),
      most: 1.3,
    },
    { what: "localStorage 3.6 MB: load, faster than tfjs", measured: small("tfjs load", "our load"), least: 20 },
  ];
  for (const size of [128, 512]) {
    const of = (what, to) => ratio(indexedDB[size], what, to);
    const place = `IndexedDB ${size} MiB`;
    found.push(
      { what: `${place}: save, to raw put`, measured: of("record save", "raw put"), most: 1.15 },
      { what: `${place}: load, to raw get`, measured: of("record load", "raw get"), most: 1.15 },
      {
        what: `${place}: save, to tfjs`,
        measured: of("record save", "tfjs save, until it is stored"),
        most: 1,
      },
      // No slower, but for what one round differs from another.
      { what: `${place}: load, to tfjs`, measured: of("record load", "tfjs load"), most: 1.1 },
    );
  }
  const blobs = (what) => ratio(indexedDB[512], what, "blobs load");
  found.push(
    {
      what: "Blobs 512 MiB: load, faster than tfjs right after its save",
      measured: blobs("tfjs load, right after that"),
      least: 5,
    },
    { what: "Blobs 512 MiB: load, faster than tfjs", measured: blobs("tfjs load"), least: 2 },
  );
  const { pieces: inRecord } = large[1] ?? {};
  found.push({ what: "1 GiB by itself: stored as a record, pieces", measured: inRecord, most: 0, unit: "" });
  const { wasmBytes } = large[3] ?? {};
  const mebibytes = wasmBytes === undefined ? undefined : wasmBytes / (1 << 20);
  found.push({ what: "3 GiB saved and loaded: WebAssembly memory", measured: mebibytes, most: 255, unit: " MiB" });
  return found;
}

/** Of the medians. */
function ratio(times, what, to) {
  if (times === undefined) return undefined;
  const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
  return median(times[what]) / median(times[to]);
}
