import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { abortable } from '../../kernel/base/cancellation.ts'
import type { Broker } from '../../kernel/background/relay.ts'
import { ensureStream } from './ensure-stream.ts'
import { serverUnreachable } from './failures.ts'
import { NatsConnection } from './nats-connection.ts'
import type { NatsOptions } from './nats-options.ts'

/**
 * Returns NATS JetStream as the broker of a relay. A message is published with its id as
 * `Nats-Msg-Id`, so that the stream drops duplicates within its duplicate window. A message counts
 * as sent when the stream has acknowledged it.
 *
 * @example
 * ```ts
 * relay({ name: 'nats', to: nats({ servers: 'nats://127.0.0.1:4222', stream: 'orders' }) })
 * ```
 */
export function nats(options: NatsOptions): Broker {
  const servers = typeof options.servers === 'string' ? [options.servers] : [...options.servers]
  return {
    name: 'nats',
    async connect(_host, signal) {
      const connecting = connect({ name: 'holdfast', ...options.connection, servers }).catch(
        (error: unknown) => {
          throw serverUnreachable(servers, error)
        },
      )
      const client = await abortable(connecting, signal, (outcome) => {
        if (outcome.status === 'fulfilled') void outcome.value.close()
      })
      try {
        await abortable(ensureStream(client, options), signal)
        return new NatsConnection(client, jetstream(client), options)
      } catch (error) {
        await client.close()
        throw error
      }
    },
  }
}
