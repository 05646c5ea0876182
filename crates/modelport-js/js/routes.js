// A router: from a URL of one scheme to its handler.

/** A router for the URLs of `scheme`; `open` gets what stands after `://`. */
export function routerOf(scheme, open) {
  const prefix = `${scheme}://`;
  const router = (url, options) =>
    typeof url === "string" && url.startsWith(prefix) ? open(url.slice(prefix.length), options) : null;
  router.builtIn = true;
  return router;
}
