import type { StreamConfig } from '@nats-io/jetstream'
import type { NodeConnectionOptions } from '@nats-io/transport-node'
import type { RelayedMessage } from '../kernel/relay.ts'

/** Options of `nats(…)`. */
export interface NatsOptions {
  /** Where it is: `'nats://127.0.0.1:4222'`; several for a cluster. */
  readonly servers: string | readonly string[]
  /**
   * The stream that takes the messages. It has to be there, and to take their subjects. Default: whichever takes the subject of a message.
   */
  readonly stream?: string
  /** What a message is published under. Default: the name of its event. */
  readonly subject?: (message: RelayedMessage) => string
  /**
   * Has `stream` made with this where it is missing: `{ subjects: ['transfer.>'] }`. What is there is never changed. Default: nothing is made.
   */
  readonly createStream?: Partial<Omit<StreamConfig, 'name'>>
  /** What else the client connects with: credentials, TLS. */
  readonly connection?: Omit<NodeConnectionOptions, 'servers'>
}
