import type { Jobs, Transaction } from '../../kernel/background/effects.ts'
import type { Publish } from '../../kernel/background/event.ts'
import { toStatements } from '../../storage/reads/to-statements.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { TransactionJobs } from '../../effects/jobs/enqueue/transaction-jobs.ts'
import type { Waker } from '../../effects/wakes/waker.ts'
import { publishIn } from '../../effects/messages/transaction-messages.ts'
import type { Binding } from './binding.ts'

/** Dependencies of {@link HandlerEffects}. */
export interface HandlerEffectsParts {
  /** The name of the service that publishes and enqueues. */
  readonly service: string
  readonly waker: Waker
  readonly binding: Binding<unknown, unknown>
}

/** The effects of a transaction as its handler sees them. Parts are created on first use. */
export class HandlerEffects implements BoundTransaction {
  readonly #session: HandlerSession
  readonly #service: string
  readonly #waker: Waker
  readonly #binding: Binding<unknown, unknown>
  #db: unknown
  #jobs: Jobs | undefined
  #publish: Publish | undefined

  constructor(session: HandlerSession, { service, waker, binding }: HandlerEffectsParts) {
    this.#session = session
    this.#service = service
    this.#waker = waker
    this.#binding = binding
  }

  within<T>(run: () => T | Promise<T>): T | Promise<T> {
    return this.#binding.within ? this.#binding.within(this.#session, run) : run()
  }

  get db(): unknown {
    return (this.#db ??= this.#binding.write(this.#session))
  }

  get jobs(): Jobs {
    return (this.#jobs ??= new TransactionJobs(this.#session, { service: this.#service, waker: this.#waker }))
  }

  get publish(): Publish {
    return (this.#publish ??= publishIn(this.#session, { service: this.#service, waker: this.#waker }))
  }

  get transaction(): Transaction {
    return toStatements(this.#session, this.#service)
  }
}
