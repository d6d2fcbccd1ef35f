import { shapeOf } from './statement-shape.ts'
import { isOwnName } from './statement.ts'

// Each costs memory in each session of the server.
const mostNames = 500
// Texts that were seen once, among which those with values in them are without number.
const mostSeen = 1_000
// What goes stale again and again, such as a text that means another table with each search_path, is better not prepared.
const mostRetirements = 3
// A session keeps every name that it was ever given, with its plan.
const mostMade = 2 * mostNames
// PostgreSQL cuts names off behind 63 bytes, and the number has to stay.
const longestPrefix = 40
const checkEveryMs = 1_000

/** What is known of one session of the server. */
interface Session {
  /** Which generation of names it was the first to be given. */
  readonly generation: number
  /** When it was last made sure of that no migration has come in between, in milliseconds since the process began. */
  checkedMs: number
}

/**
 * Names the statements that are worth preparing: those that come again. Postgres parses and analyses a prepared statement once
 * for each session, which is about half of what a short one costs it.
 *
 * It also gives each of its parameters a type, once: what was prepared before a migration may cut a value to the type of a column that
 * is another one by now. So each name has a number that no other has had, and gets another when anything may have changed.
 */
export class PreparedStatements {
  readonly #names = new Map<string, string>()
  readonly #seen = new Set<string>()
  readonly #retirements = new Map<string, number>()
  readonly #sessions = new WeakMap<object, Session>()
  #made = 0
  #madeBefore = 0
  #generation = 0
  #schemaEpoch: number | undefined

  /**
   * The name under which a statement is to be prepared; `undefined` where it is not. `given`: the name that it has already, which has
   * it prepared the first time.
   */
  nameOf(text: string, given?: string): string | undefined {
    const name = this.#names.get(text)
    if (name !== undefined) return name
    if ((this.#retirements.get(text) ?? 0) >= mostRetirements) return undefined
    // The framework's own are few.
    if (this.#names.size >= mostNames && !(given !== undefined && isOwnName(given))) return undefined
    if (given !== undefined) return this.#add(text, given)
    if (this.#seen.delete(text)) return this.#add(text, 'holdfast_auto')
    if (this.#seen.size >= mostSeen) this.#seen.clear()
    if (shapeOf(text).isPlannable) this.#seen.add(text)
    return undefined
  }

  #add(text: string, prefix: string): string {
    if (this.#made - this.#madeBefore >= mostMade) this.renew()
    this.#made += 1
    const name = `${prefix.slice(0, longestPrefix)}_${this.#made}`
    this.#names.set(text, name)
    return name
  }

  /** Has one statement prepared anew, which failed under a name in a way that what was prepared may be the reason of. */
  retire(text: string, name: string): void {
    // Others that were under way under the same name have failed with it.
    if (this.#names.get(text) !== name) return
    this.#names.delete(text)
    if (this.#retirements.size >= mostSeen) this.#retirements.clear()
    this.#retirements.set(text, (this.#retirements.get(text) ?? 0) + 1)
  }

  /** Has every statement prepared anew: a table has changed, and with it what they take or give. */
  renew(): void {
    this.#names.clear()
    this.#madeBefore = this.#made
    this.#generation += 1
  }

  /** Takes notice of the database's schema epoch, and says whether a migration has changed that: everything is prepared anew then. */
  noteSchemaEpoch(epoch: number): boolean {
    const hasChanged = this.#schemaEpoch !== undefined && this.#schemaEpoch !== epoch
    this.#schemaEpoch = epoch
    if (hasChanged) {
      this.#retirements.clear()
      this.renew()
    }
    return hasChanged
  }

  #sessionOf(client: object): Session {
    let session = this.#sessions.get(client)
    if (!session) {
      session = { generation: this.#generation, checkedMs: -Infinity }
      this.#sessions.set(client, session)
    }
    return session
  }

  /** Takes notice of a session that is about to be used. */
  enter(client: object): void {
    this.#sessionOf(client)
  }

  /** Whether a session has names that nobody will use again: it keeps them until it ends. */
  isOutdated(client: object): boolean {
    return this.#sessionOf(client).generation !== this.#generation
  }

  /** Whether it is time to look for a migration in a session that runs no transactions; asked once, it is not for a second. */
  isDue(client: object): boolean {
    const session = this.#sessionOf(client)
    const nowMs = performance.now()
    if (nowMs - session.checkedMs < checkEveryMs) return false
    session.checkedMs = nowMs
    return true
  }
}
