import type { Jobs, Transaction } from '../../kernel/background/effects.ts'
import type { Publish } from '../../kernel/background/event.ts'
import type { CapabilityEffects } from '../../storage/capability/database-capability.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { type StatementOwner, toStatements } from '../../storage/reads/to-statements.ts'
import type { Binding } from './binding.ts'

/** Dependencies of {@link HandlerEffects}. */
export interface HandlerEffectsParts {
  /** The service that runs the statements. */
  readonly owner: StatementOwner
  readonly binding: Binding<unknown, unknown>
  /** The functions that create the capabilities' effects. */
  readonly effects: Required<CapabilityEffects>
}

/** The effects of a transaction as its handler sees them. Parts are created on first use. */
export class HandlerEffects implements BoundTransaction {
  readonly #session: HandlerSession
  readonly #parts: HandlerEffectsParts
  #db: unknown
  #jobs: Jobs | undefined
  #publish: Publish | undefined

  constructor(session: HandlerSession, parts: HandlerEffectsParts) {
    this.#session = session
    this.#parts = parts
  }

  within<T>(run: () => T | Promise<T>): T | Promise<T> {
    const { binding } = this.#parts
    return binding.within ? binding.within(this.#session, run) : run()
  }

  get db(): unknown {
    return (this.#db ??= this.#parts.binding.write(this.#session))
  }

  get jobs(): Jobs {
    return (this.#jobs ??= this.#parts.effects.jobs(this.#session))
  }

  get publish(): Publish {
    return (this.#publish ??= this.#parts.effects.publish(this.#session))
  }

  get transaction(): Transaction {
    return toStatements(this.#session, this.#parts.owner)
  }
}
