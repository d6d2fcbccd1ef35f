// The number of texts that contain values is unlimited, so only this many are kept.
const maxKept = 5_000

/**
 * Identifies statements by their structure instead of their text, with Postgres's own parser
 * (libpg_query).
 */
export class Fingerprints {
  readonly #known = new Map<string, string>()
  readonly #find: (text: string) => string

  private constructor(find: (text: string) => string) {
    this.#find = find
  }

  /** Loads the parser: 1.5 MB of WebAssembly. */
  static async load(): Promise<Fingerprints> {
    const { loadModule, fingerprintSync } = await import('libpg-query')
    await loadModule()
    return new Fingerprints(fingerprintSync)
  }

  /**
   * Returns a fingerprint, which is equal for statements that differ only in their values. Returns
   * the text itself if it does not parse.
   */
  of(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    let fingerprint = text
    try {
      fingerprint = this.#find(text)
    } catch {
      // The server reports the syntax error and its position.
    }
    if (this.#known.size >= maxKept) this.#known.clear()
    this.#known.set(text, fingerprint)
    return fingerprint
  }
}
