import { shapeOf } from '../statement/statement-shape.ts'
import { isReservedName } from '../statement/statement.ts'

// Each name costs memory in each session of the server.
const maxNames = 500
// Max number of texts remembered after one use. Without this limit, texts that contain values would
// fill the memory.
const maxSeen = 1_000
// Max number of times that a text's prepared statement may become stale. After that, the text is no
// longer prepared. For example, a text may refer to a different table under each search_path.
const maxRetirements = 3
// Max number of statement names ever made. A session keeps each statement that it has prepared,
// with its plan, even after the name is retired.
const maxMade = 2 * maxNames
// Postgres truncates names to 63 bytes. A longer prefix could cut off the number at the end of the
// name.
const maxPrefixLength = 40
const checkEveryMs = 1_000

/** The state of one server session. */
interface Session {
  /** The generation of names that was current when the session was first used. */
  readonly generation: number
  /** When the session last checked for a migration, in milliseconds since the process started. */
  checkedMs: number
}

/**
 * Names the statements that are worth preparing: the repeated statements. Postgres parses and
 * analyzes a prepared statement only once per session, which saves about half of the cost of a
 * short statement.
 *
 * Preparing also fixes the type of each parameter: after a migration, a statement prepared earlier
 * may convert a value to the previous type of a column. So each name has a unique number, and a
 * statement gets a new name when anything may have changed.
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
   * Returns the name under which to prepare a statement; `undefined` if the statement is not
   * prepared.
   *
   * @param given the name that the statement sets itself. Such a statement is prepared the first
   * time it runs, if Postgres would keep a plan for it.
   */
  nameOf(text: string, given?: string): string | undefined {
    const name = this.#names.get(text)
    if (name !== undefined) return name
    if ((this.#retirements.get(text) ?? 0) >= maxRetirements) return undefined
    // The framework itself has few statements, so the limit does not apply to them.
    if (this.#names.size >= maxNames && !(given !== undefined && isReservedName(given))) return undefined
    // The columns of other statements may change from run to run: FETCH returns the columns of its
    // cursor.
    if (given !== undefined && !isReservedName(given) && !shapeOf(text).isPlannable) return undefined
    if (given !== undefined) return this.#add(text, given)
    if (this.#seen.delete(text)) return this.#add(text, 'holdfast_auto')
    if (this.#seen.size >= maxSeen) this.#seen.clear()
    if (shapeOf(text).isPlannable) this.#seen.add(text)
    return undefined
  }

  #add(text: string, prefix: string): string {
    if (this.#made - this.#madeBefore >= maxMade) this.renew()
    this.#made += 1
    const name = `${prefix.slice(0, maxPrefixLength)}_${this.#made}`
    this.#names.set(text, name)
    return name
  }

  /**
   * Retires a name after a failure that a stale prepared statement may have caused. The statement
   * is then prepared again under a new name.
   */
  retire(text: string, name: string): void {
    // Another statement that failed under the same name has already retired it.
    if (this.#names.get(text) !== name) return
    this.#names.delete(text)
    if (this.#retirements.size >= maxSeen) this.#retirements.clear()
    this.#retirements.set(text, (this.#retirements.get(text) ?? 0) + 1)
  }

  /**
   * Retires all names, so that every statement is prepared again. Called when a table has changed,
   * because parameters or columns of statements may have changed with it.
   */
  renew(): void {
    this.#names.clear()
    this.#madeBefore = this.#made
    this.#generation += 1
  }

  /**
   * Records the database's schema epoch. Returns whether a migration has changed it; if so, all
   * statements are prepared again.
   */
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

  /** Records a session that is about to be used. */
  enter(client: object): void {
    this.#sessionOf(client)
  }

  /**
   * Returns whether a session holds names that are no longer used. A session keeps such names until
   * it ends.
   */
  isOutdated(client: object): boolean {
    return this.#sessionOf(client).generation !== this.#generation
  }

  /**
   * Returns whether it is time to check for a migration in a session that runs no transactions.
   * Returns true at most once per second and session.
   */
  isDue(client: object): boolean {
    const session = this.#sessionOf(client)
    const nowMs = performance.now()
    if (nowMs - session.checkedMs < checkEveryMs) return false
    session.checkedMs = nowMs
    return true
  }
}
