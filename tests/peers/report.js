// Runs what was described and leaves the results to whoever steers the page.

/** Runs all tests. What came of each is then in `globalThis.results`. */
export async function report() {
  const results = [];
  const env = globalThis.jasmine.getEnv();
  env.addReporter({
    specDone({ fullName, status, failedExpectations }) {
      const failures = failedExpectations.map(({ message }) => message);
      results.push({ name: fullName.replace(" cpu {}", ""), status, failures });
    },
  });
  await env.execute();
  globalThis.results = results;
}
