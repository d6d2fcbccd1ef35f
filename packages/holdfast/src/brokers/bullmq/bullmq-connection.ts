import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { abortable } from '../../kernel/base/cancellation.ts'
import type { BrokerConnection, RelayedMessage } from '../../kernel/background/relay.ts'
import { toBrokerMessage } from '../../effects/messages/broker-message.ts'
import { inKeyOrder } from '../../effects/messages/in-key-order.ts'
import { messageRefused, redisUnreachable } from './failures.ts'

/** A connection to Redis that adds messages to a queue. */
export class BullMqConnection implements BrokerConnection {
  readonly #client: Redis
  readonly #queue: Queue
  readonly #lastError: () => unknown

  /** `lastError` returns the error that closed the last lost connection, if any. */
  constructor(client: Redis, queue: Queue, lastError: () => unknown) {
    this.#client = client
    this.#queue = queue
    this.#lastError = lastError
  }

  send(messages: readonly RelayedMessage[], signal: AbortSignal): Promise<void> {
    return inKeyOrder(messages, (message) => abortable(this.#add(message), signal))
  }

  async #add(message: RelayedMessage): Promise<void> {
    try {
      await this.#queue.add(message.event, toBrokerMessage(message), { jobId: message.id })
    } catch (error) {
      if (this.#client.status === 'ready') throw messageRefused(this.#queue.name, message.id, error)
      throw redisUnreachable(this.#client.options, this.#lastError() ?? error)
    }
  }

  async close(): Promise<void> {
    await this.#queue.close()
    this.#client.disconnect()
  }
}
