import type { Effects } from '../../../kernel/background/effects.ts'
import type { Work } from '../../../kernel/host/work.ts'
import type { Queryable } from '../session/connection.ts'
import type { GatheredRows } from './gathered-rows.ts'

/** A transaction that handlers write through, and the rows gathered in it. */
export interface HandlerSession extends Queryable {
  readonly gathered: GatheredRows
  /** The work that the transaction belongs to. */
  readonly work: Work
  /** The tenant whose rows the handler may read and write; `undefined` for no tenant. */
  readonly tenant: string | undefined
  /** True if the handler has ended. Further statements are then rejected. */
  readonly isClosed: boolean
}

/** The parts of a transaction that a handler can use. */
export interface BoundTransaction extends Effects {
  /** The query builder's handle. Read it inside `within`. */
  readonly db: unknown
  /** Runs the handler. */
  within<T>(run: () => T | Promise<T>): T | Promise<T>
}
