import type { Jobs, Transaction } from '../../../kernel/background/effects.ts'
import type { Publish } from '../../../kernel/background/event.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import { type Getters, gettersOf, defineOwnGetters } from '../../../kernel/base/define-own-getters.ts'
import type { StepContext } from '../../../kernel/background/step.ts'
import type { BoundTransaction } from '../../../storage/postgres/transaction/handler-session.ts'
import type { AttemptScope } from '../attempt/attempt-scope.ts'

/** The context passed to a step. Its parts are created on first use. */
export class StepRunContext implements StepContext<unknown> {
  static readonly #getters: Getters = gettersOf(StepRunContext.prototype)
  readonly key: string
  readonly log: Logger
  readonly #scope: AttemptScope
  readonly #bound: BoundTransaction

  constructor(scope: AttemptScope, bound: BoundTransaction, key: string) {
    this.key = key
    this.log = scope.log
    this.#scope = scope
    this.#bound = bound
    defineOwnGetters(this, StepRunContext.#getters)
  }

  get db(): unknown {
    return this.#bound.db
  }

  get jobs(): Jobs {
    return this.#bound.jobs
  }

  get publish(): Publish {
    return this.#bound.publish
  }

  get transaction(): Transaction {
    return this.#bound.transaction
  }

  get signal(): AbortSignal {
    return this.#scope.deadline.signal
  }
}
