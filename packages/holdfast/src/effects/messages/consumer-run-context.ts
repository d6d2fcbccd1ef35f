import type { Consumer, ConsumerContext } from '../../kernel/background/consumer.ts'
import type { Jobs, Transaction } from '../../kernel/background/effects.ts'
import type { Message, Publish } from '../../kernel/background/event.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { JobContext } from '../../kernel/background/job.ts'
import type { Json } from '../../kernel/base/json.ts'
import type { Load } from '../../kernel/relations/load.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { type Getters, gettersOf, defineOwnGetters } from '../../kernel/base/define-own-getters.ts'
import type { Step } from '../../kernel/background/step.ts'

type Around = JobContext<never, unknown, unknown>

/**
 * The context of a consumer's handler: the context of its job, with the message. Some of its
 * properties are created on first access, as in the context of a job.
 */
export class ConsumerRunContext implements ConsumerContext<unknown, unknown, unknown> {
  // Reading `step` throws, so `{ ...context }` must not read it.
  static readonly #getters: Getters = gettersOf(ConsumerRunContext.prototype).filter(
    ([name]) => name !== 'step',
  )
  readonly message: Message
  readonly #consumer: Consumer
  readonly #around: Omit<Around, 'input'>

  constructor(consumer: Consumer, around: Omit<Around, 'input'>, message: Message) {
    this.#consumer = consumer
    this.#around = around
    this.message = message
    defineOwnGetters(this, ConsumerRunContext.#getters)
  }

  get db(): unknown {
    return this.#around.db
  }

  get jobs(): Jobs {
    return this.#around.jobs
  }

  get publish(): Publish {
    return this.#around.publish
  }

  get transaction(): Transaction {
    return this.#around.transaction
  }

  get id(): string {
    return this.#around.id
  }

  get attempt(): number {
    return this.#around.attempt
  }

  get tenant(): string | undefined {
    return this.#around.tenant
  }

  get settings(): unknown {
    return this.#around.settings
  }

  get progress(): (value: Json) => void {
    return this.#around.progress
  }

  get load(): Load {
    return this.#around.load
  }

  get log(): Logger {
    return this.#around.log
  }

  get signal(): AbortSignal {
    return this.#around.signal
  }

  /**
   * Throws, because steps would have to commit before the transaction. The transaction has already
   * recorded the message as consumed.
   */
  get step(): Step<unknown> {
    throw new HoldfastError(
      'consumer-without-steps',
      `The consumer "${this.#consumer.name}" (${this.#consumer.definedAt}) used step(), which consumers do not support: a consumer runs in one transaction. Enqueue a job with jobs.enqueue for work that needs steps or calls a third party.`,
    )
  }
}
