// How much room there is, and how much of it is used.

/** What browsers let an origin keep in local storage, in UTF-16 units. */
const LOCAL_UNITS = 5 * 1024 * 1024;

/** `{ used, total }` in bytes for a place; `null` where the browser does not tell. */
export async function quotaOf(scheme) {
  return scheme === "localstorage"
    ? localQuota()
    : ((await navigator.storage?.estimate?.().then(fromEstimate)) ?? null);
}

function fromEstimate({ usage = 0, quota }) {
  return quota ? { used: usage, total: quota } : null;
}

function localQuota() {
  try {
    const units = Object.keys(localStorage).reduce(
      (sum, key) => sum + key.length + localStorage.getItem(key).length,
      0,
    );
    return { used: 2 * units, total: 2 * LOCAL_UNITS };
  } catch {
    // A browser may be told to keep nothing.
    return null;
  }
}
