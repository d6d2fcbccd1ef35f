import type { Answer } from '../../kernel/operation/answer.ts'
import type { Clock } from '../../kernel/base/clock.ts'
import type { ExternalCallWatch } from '../../kernel/host/external-calls.ts'
import type { GuardWatch } from '../../storage/statement-guard/handler-guard.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { Call } from '../../kernel/call/call.ts'
import type { Prepare } from '../../kernel/call/prepare.ts'
import type { AnswerSeal } from './answer-seal.ts'
import type { KeyClaim } from './key-claim.ts'
import type { KeyRing } from './key-ring.ts'
import type { MutationObserver } from './observe-mutations.ts'

/** Adds a successful call to the trail, in the transaction of its session. */
export type RecordTrail = (session: HandlerSession, call: Call, answer: Answer) => void

/** Dependencies shared by all mutations of a service. */
export interface MutationParts {
  readonly pool: Pool
  /** Name of the service. Each service has separate keys. */
  readonly service: string
  /** The layout of the tables that store answers. */
  readonly ring: KeyRing
  readonly clock: Clock
  /** Retention of final answers, in milliseconds. */
  readonly retentionMs: number
  readonly problemTypeBase: string
  /** Prepares a call; `undefined` if the operation has no `prepare`. */
  readonly prepare: Prepare | undefined
  /** Seals and opens answers that contain secrets. */
  readonly seal: AnswerSeal
  /** Binds the handler's `db`, jobs and messages to its transaction. */
  readonly bind: (session: HandlerSession) => BoundTransaction
  /** Detects calls to third parties in handlers. */
  readonly externalCalls: ExternalCallWatch
  /** True if policies limit callers to the rows of their tenant. */
  readonly hasTenants: boolean
  /** Adds the call to the trail; `undefined` if the operation has no trail. */
  readonly recordTrail: RecordTrail | undefined
  /** Returns the ids of the subjects of a call. */
  readonly subjectsOf: (call: Call) => readonly string[]
  /** True if answers report the WAL position of their commit, for reads from replicas. */
  readonly reportsPosition: boolean
  /** Checks the statements of handlers; `undefined` in production. */
  readonly watch: GuardWatch | undefined
  /** Returns the observer that counts the outcomes of an operation's calls. */
  readonly observe: (operation: string) => MutationObserver
  /** The attempts running in this process, by the lock of their key. */
  readonly running: Map<string, KeyClaim>
}
