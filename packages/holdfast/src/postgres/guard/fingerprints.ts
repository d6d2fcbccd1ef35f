// Texts with values in them are without number.
const mostKept = 5_000

/** Tells statements apart by what they do rather than by their text, with the parser of Postgres itself (libpg_query). */
export class Fingerprints {
  readonly #known = new Map<string, string>()
  readonly #find: (text: string) => string

  private constructor(find: (text: string) => string) {
    this.#find = find
  }

  /** Loads the parser, a megabyte and a half of WebAssembly. */
  static async load(): Promise<Fingerprints> {
    const { loadModule, fingerprintSync } = await import('libpg-query')
    await loadModule()
    return new Fingerprints(fingerprintSync)
  }

  /** The same for statements that differ in their values only; the text itself where it does not parse, which the server will say. */
  of(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    let fingerprint = text
    try {
      fingerprint = this.#find(text)
    } catch {
      // The server says what is wrong with it, and where.
    }
    if (this.#known.size >= mostKept) this.#known.clear()
    this.#known.set(text, fingerprint)
    return fingerprint
  }
}
