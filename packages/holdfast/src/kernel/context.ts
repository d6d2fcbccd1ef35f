import type { Caller } from './caller.ts'
import type { Deadline } from './deadline.ts'
import type { Effects, Statements } from './effects.ts'
import type { Load } from './load.ts'
import type { Logger } from './log.ts'
import type { NoSettings } from './settings.ts'
import type { ReadPage } from './page.ts'

/** What a handler is given, and all that it may use. */
export interface Context<Input, C extends Caller, Db, Values = NoSettings> {
  /** The validated input. */
  readonly input: Input
  /** The database: read-only in a query, one transaction in a mutation. */
  readonly db: Db
  /** Runs statements for libraries that read, whatever `db` is: each for itself in a query, in its transaction in a mutation. */
  readonly statements: Statements
  /** Who makes the call, as narrow as the access rule makes it. */
  readonly caller: C
  /** What the program is configured with: the values of `holdfast({ settings })`. */
  readonly settings: Values
  /** Logs with the request id and the operation's name. */
  readonly log: Logger
  /** Aborted when the deadline has passed or the caller has gone away. */
  readonly signal: AbortSignal
  /** How much time is left. */
  readonly deadline: Deadline
  /** Identifies the call in logs and answers. */
  readonly requestId: string
  /** Reads one page of a list, and says where the next one and the one before begin. */
  readonly page: ReadPage
  /**
   * Loads what a relation has for a key, together with whatever else is asked of it in the same turn. A query reads a key once; a mutation
   * reads again what it asks for again.
   */
  readonly load: Load
}

/** What the handler of a mutation is given: what that of a query is, and what its transaction may set off. */
export interface MutationContext<Input, C extends Caller, Db, Values = NoSettings>
  extends Context<Input, C, Db, Values>, Effects {}
