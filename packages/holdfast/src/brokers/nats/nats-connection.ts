import type { JetStreamClient, PubAck } from '@nats-io/jetstream'
import { headers, type NatsConnection as Client } from '@nats-io/transport-node'
import { abortable } from '../../kernel/base/cancellation.ts'
import type { BrokerConnection, RelayedMessage } from '../../kernel/background/relay.ts'
import { toBrokerMessage } from '../../effects/messages/broker-message.ts'
import { inKeyOrder } from '../../effects/messages/in-key-order.ts'
import { hasNoResponders, hasTimedOut, messageRefused, serverUnreachable, streamMissing } from './failures.ts'
import type { NatsOptions } from './nats-options.ts'

const ackTimeoutMs = 5_000

/** A connection to NATS that publishes messages to a stream. */
export class NatsConnection implements BrokerConnection {
  readonly #client: Client
  readonly #stream: JetStreamClient
  readonly #options: Pick<NatsOptions, 'stream' | 'subject'>

  constructor(client: Client, stream: JetStreamClient, options: Pick<NatsOptions, 'stream' | 'subject'>) {
    this.#client = client
    this.#stream = stream
    this.#options = options
  }

  send(messages: readonly RelayedMessage[], signal: AbortSignal): Promise<void> {
    return inKeyOrder(messages, (message) => abortable(this.#publish(message), signal))
  }

  async #publish(message: RelayedMessage): Promise<PubAck> {
    const { subject = ({ event }) => event, stream } = this.#options
    const to = subject(message)
    const fields = headers()
    if (message.traceparent !== undefined) fields.set('traceparent', message.traceparent)
    try {
      return await this.#stream.publish(to, JSON.stringify(toBrokerMessage(message)), {
        msgID: message.id,
        headers: fields,
        timeout: ackTimeoutMs,
        ...(stream === undefined ? {} : { expect: { streamName: stream } }),
      })
    } catch (error) {
      throw this.#toFailure(error, to, message.id)
    }
  }

  #toFailure(error: unknown, subject: string, id: string): Error {
    if (hasNoResponders(error)) return streamMissing(`no stream for the subject "${subject}"`, error)
    if (hasTimedOut(error) || this.#client.isClosed())
      return serverUnreachable([this.#client.getServer()], error)
    return messageRefused(subject, id, error)
  }

  async close(): Promise<void> {
    await this.#client.close()
  }
}
