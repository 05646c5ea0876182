// What every call of the package fails with.

/** A failure, with what a program can do about it. */
export class ModelportError extends Error {
  /** @param {object} parts what the error says of itself; `message` and `kind` at least */
  constructor({ message, kind, retryable = false, causes = [], cause, ...rest }) {
    const chain = causes.reduceRight(
      (inner, text) => new Error(text, inner === undefined ? undefined : { cause: inner }),
      cause,
    );
    super(message, chain === undefined ? undefined : { cause: chain });
    // The name by which the web tells that somebody gave up.
    this.name = kind === "Cancelled" ? "AbortError" : "ModelportError";
    this.kind = kind;
    this.retryable = retryable;
    for (const key of ["operation", "url", "hint", "needed", "available"]) {
      if (rest[key] !== undefined) this[key] = rest[key];
    }
  }
}

/** An error of `kind`, for what is refused before WebAssembly is asked. */
export function failure(kind, message, rest = {}) {
  return new ModelportError({ ...rest, kind, message });
}

/** An address as it may be printed: credentials and signatures are before its host and in its query. */
export function shown(url) {
  return String(url)
    .replace(/^([\w+.-]+:\/\/)[^/?#]*@/, "$1")
    .replace(/[?#].*$/s, "");
}

/** What was thrown, as an error of ours where WebAssembly threw it. */
export function fromWasm(thrown, signal) {
  if (thrown instanceof Error || typeof thrown?.kind !== "string") return thrown;
  const cause = thrown.kind === "Cancelled" ? signal?.reason : undefined;
  return new ModelportError({ ...thrown, cause });
}
