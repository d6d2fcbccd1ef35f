import type { RunningDeadline } from '../kernel/deadline.ts'
import type { ForeignCallWatch } from '../kernel/foreign-calls.ts'
import type { Job } from '../kernel/job.ts'
import type { Logger } from '../kernel/log.ts'
import type { Work } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import type { BoundTransaction, HandlerSession } from '../postgres/transaction-session.ts'
import type { ClaimedRow } from './queries/claim-jobs.ts'

/** One attempt of a job. */
export interface AttemptScope {
  readonly service: string
  readonly job: Job
  readonly row: ClaimedRow
  /** The connections of transactions. */
  readonly pool: Pool
  /** The connections of the engine's own statements, which no handler can keep waiting. */
  readonly control: Pool
  readonly bind: (session: HandlerSession) => BoundTransaction
  /** Notices foreign calls while a transaction of it is open. */
  readonly foreignCalls: ForeignCallWatch
  readonly log: Logger
  readonly work: Work
  readonly deadline: RunningDeadline
  /** Aborted when the worker closes: what cannot be written down by then is left to others. */
  readonly closing: AbortSignal
  /** How long a transaction of it lives at most, in milliseconds. */
  readonly limitMs: number
  /** Returns whether this process still has its lease, as far as it knows. */
  readonly holdsLease: () => boolean
}
