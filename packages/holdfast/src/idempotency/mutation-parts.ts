import type { Clock } from '../kernel/clock.ts'
import type { ForeignCallWatch } from '../kernel/foreign-calls.ts'
import type { Work } from '../kernel/work.ts'
import type { GuardWatch } from '../postgres/guard/handler-guard.ts'
import type { BoundTransaction, HandlerSession } from '../postgres/transaction-session.ts'
import type { Pool } from '../postgres/pool.ts'
import type { KeyClaim } from './key-claim.ts'
import type { KeyPlace, KeyRing } from './key-ring.ts'
import type { MutationObserver } from './observe-mutations.ts'
import type { StoredForm } from './stored-answer.ts'

/** What all mutations of a service share. */
export interface MutationParts {
  readonly pool: Pool
  /** Name of the service: its keys are not those of another one. */
  readonly service: string
  /** Where answers are stored. */
  readonly ring: KeyRing
  readonly clock: Clock
  /** How long final answers are kept, in milliseconds. */
  readonly retentionMs: number
  readonly problemBase: string
  /** Binds what a handler is given to its transaction. */
  readonly bind: (session: HandlerSession) => BoundTransaction
  /** Notices foreign calls of handlers. */
  readonly foreignCalls: ForeignCallWatch
  /** Whether its answers say where in the log of the database they have committed: there are replicas that have to reach it. */
  readonly tellsPosition: boolean
  /** Looks closely at statements; `undefined` in production. */
  readonly watch: GuardWatch | undefined
  /** Counts what the calls of an operation come to. */
  readonly observe: (operation: string) => MutationObserver
  /** The attempts that run in this process, by scope and key. */
  readonly running: Map<string, KeyClaim>
}

/** What one attempt is made with. */
export interface AttemptParts extends MutationParts {
  /** The call's key; `undefined` where it came without. */
  readonly claim: KeyClaim | undefined
  /** The leaves of the key, in the layout that this attempt began with. */
  readonly place: KeyPlace
  readonly form: StoredForm
  /** Whether its statements are prepared, as far as the pool's are. */
  readonly prepares: boolean
  /** The call, within the span of the attempt. */
  readonly work: Work
}
