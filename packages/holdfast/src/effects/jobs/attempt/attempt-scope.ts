import type { RunningDeadline } from '../../../kernel/operation/deadline.ts'
import type { ExternalCallWatch } from '../../../kernel/host/external-calls.ts'
import type { Job } from '../../../kernel/background/job.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import type { Work } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import type {
  BoundTransaction,
  HandlerSession,
} from '../../../storage/postgres/transaction/handler-session.ts'
import type { ClaimedRow } from '../queries/claim.ts'

/** The parts of one attempt of a job. */
export interface AttemptScope {
  readonly service: string
  readonly job: Job
  readonly row: ClaimedRow
  /** Connections for transactions. */
  readonly pool: Pool
  /** Connections for the engine's own statements, which handlers cannot exhaust. */
  readonly control: Pool
  readonly bind: (session: HandlerSession) => BoundTransaction
  /** Detects external calls made while a transaction of the attempt is open. */
  readonly externalCalls: ExternalCallWatch
  readonly log: Logger
  readonly work: Work
  readonly deadline: RunningDeadline
  /**
   * Aborted when the worker closes. Other workers rescue the jobs whose outcomes are not stored by
   * then.
   */
  readonly closing: AbortSignal
  /** Max duration of the attempt's transactions, in milliseconds. */
  readonly limitMs: number
  /** Returns whether this process still holds its lease, as far as it knows. */
  readonly holdsLease: () => boolean
}
