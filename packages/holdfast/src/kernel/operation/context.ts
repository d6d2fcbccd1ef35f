import type { Caller } from './caller.ts'
import type { Clock } from '../base/clock.ts'
import type { Deadline } from './deadline.ts'
import type { Effects, Statements } from '../background/effects.ts'
import type { Load } from '../relations/load.ts'
import type { Logger } from '../base/log.ts'
import type { NoSettings } from '../host/settings.ts'
import type { ReadPage } from '../pages/page.ts'

/** The parts of a call that all code of an operation receives. */
interface CallParts<Input, CallerType extends Caller, Values> {
  /** The validated input. */
  readonly input: Input
  /** The caller, narrowed by the access rule. */
  readonly caller: CallerType
  /** The values of the settings declared in `holdfast({ settings })`. */
  readonly settings: Values
  /**
   * Logs lines of level `debug`, `info`, `warn` or `error`, with the request id and the operation's
   * name.
   */
  readonly log: Logger
  /** Aborted when the deadline has passed or the client has disconnected. */
  readonly signal: AbortSignal
  /** The deadline of the call: `remainingMs()`, and `atMs` since the Unix epoch. */
  readonly deadline: Deadline
  /** The id of the call, in its log lines and in the `X-Request-Id` of the response. */
  readonly requestId: string
}

/** The parts of the context that the handlers of queries and mutations share. */
interface CallContext<Input, CallerType extends Caller, Db, Values, Row> extends CallParts<
  Input,
  CallerType,
  Values
> {
  /** The database: read-only in a query, one transaction in a mutation. */
  readonly db: Db
  /**
   * The row that the access rule has loaded (and locked, in a mutation). `undefined` for a rule
   * other than a row rule.
   */
  readonly row: Row
  /** Reads one page of a list; the result includes the cursors for the next and previous pages. */
  readonly page: ReadPage
  /**
   * Loads a relation's row or rows for a key. Calls made in the same turn of the event loop are
   * batched into one statement. A query caches each key for the duration of the call; a mutation
   * does not.
   */
  readonly load: Load
}

/** The context passed to the handler of a query. */
export interface Context<
  Input,
  CallerType extends Caller,
  Db,
  Values = NoSettings,
  Row = undefined,
> extends CallContext<Input, CallerType, Db, Values, Row> {
  /**
   * Runs SQL for libraries that do not know the query builder of `db`. The statements are
   * read-only, and do not share a transaction.
   */
  readonly statements: Statements
}

/**
 * The context passed to the handler of a mutation. It has the transaction's effects instead of a
 * query's `statements`.
 */
export interface MutationContext<
  Input,
  CallerType extends Caller,
  Db,
  Values = NoSettings,
  Prepared = undefined,
  Row = undefined,
>
  extends CallContext<Input, CallerType, Db, Values, Row>, Effects {
  /**
   * The value that `prepare` of the mutation returned; `undefined` without `prepare`. It is the
   * same value if the transaction runs again, so do not mutate it.
   */
  readonly prepared: Prepared
}

/** The context passed to `prepare` of a mutation. */
export interface PrepareContext<Input, CallerType extends Caller, Db, Values = NoSettings> extends CallParts<
  Input,
  CallerType,
  Values
> {
  /**
   * The database, read-only, on the primary. Each statement takes a connection and releases it. The
   * statements are not in the transaction of `run`, so data may change in between.
   */
  readonly db: Db
  /** Runs SQL for libraries that do not know the query builder of `db`, read-only. */
  readonly statements: Statements
  /** The clock of the service. */
  readonly clock: Clock
}
