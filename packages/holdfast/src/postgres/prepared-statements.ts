// White space and comments, and the first word of what has a plan that is worth keeping.
const preparable =
  /^(?:\s|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:select|insert|update|delete|merge|with|values)\b/i
// More than one statement, which none that is prepared may be. A semicolon within quotes only costs the preparation.
const several = /;\s*\S/

// Each costs memory in each session of the server.
const mostNames = 500
// Texts that were seen once, among which those with values in them are without number.
const mostSeen = 1_000

/**
 * Names the statements that are worth preparing: those that come again. Postgres parses and analyses a prepared statement once
 * for each session, which is about half of what a short one costs it.
 */
export class PreparedStatements {
  readonly #names = new Map<string, string>()
  readonly #seen = new Set<string>()
  #made = 0

  /** The name under which a statement is to be prepared; `undefined` where it is not. */
  nameOf(text: string): string | undefined {
    const name = this.#names.get(text)
    if (name !== undefined) return name
    if (this.#names.size >= mostNames) return undefined
    if (this.#seen.delete(text)) return this.#add(text)
    if (this.#seen.size >= mostSeen) this.#seen.clear()
    if (preparable.test(text) && !several.test(text)) this.#seen.add(text)
    return undefined
  }

  #add(text: string): string {
    this.#made += 1
    const name = `holdfast_auto_${this.#made}`
    this.#names.set(text, name)
    return name
  }

  /** Has every statement prepared anew: a table has changed, and with it what they give. */
  renew(): void {
    this.#names.clear()
  }
}
