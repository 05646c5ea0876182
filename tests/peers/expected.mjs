// Which tests are known not to pass, and whether that is still so.

/** Rows such as "| `name` | reason |" of a page; tables of more columns are others. */
export function expectedFailures(text) {
  const rows = text.matchAll(/^\| `([^`]+)` \| ([^|]+) \|$/gm);
  return new Map(Array.from(rows, ([, name, reason]) => [name, reason]));
}

/** Counts, and a line for everything that is not as expected. */
export function verdict(results, expected) {
  const surprises = [];
  const seen = new Set();
  let [passed, failed] = [0, 0];
  for (const { name, status, failures } of results) {
    if (seen.has(name)) surprises.push(`TWICE ${name}`);
    seen.add(name);
    if (status === "excluded") continue;
    if (status === "passed") {
      passed += 1;
      if (expected.has(name)) surprises.push(`PASSES THOUGH LISTED ${name}`);
    } else {
      failed += 1;
      if (!expected.has(name)) surprises.push(`FAILED ${name} (${status})\n  ${failures.join("\n  ")}`);
    }
  }
  for (const name of expected.keys()) {
    if (!seen.has(name)) surprises.push(`LISTED BUT NOT RUN ${name}`);
  }
  if (passed === 0) surprises.push("no test passed");
  return { passed, failed, surprises };
}
