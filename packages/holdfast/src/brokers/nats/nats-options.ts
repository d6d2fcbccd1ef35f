import type { StreamConfig } from '@nats-io/jetstream'
import type { NodeConnectionOptions } from '@nats-io/transport-node'
import type { RelayedMessage } from '../../kernel/background/relay.ts'

/** Options of `nats({ … })`. */
export interface NatsOptions {
  /** URL of the server, e.g. `'nats://127.0.0.1:4222'`; several URLs for a cluster. */
  readonly servers: string | readonly string[]
  /**
   * Name of the stream that receives the messages. The stream must include the messages' subjects,
   * and must exist unless `createStream` is set. Default: the stream that includes the subject of a
   * message.
   */
  readonly stream?: string
  /** Returns the subject of a message. Default: the event's name. */
  readonly subject?: (message: RelayedMessage) => string
  /**
   * The configuration for creating `stream` if it does not exist, e.g. `{ subjects: ['transfer.>']
   * }`. An existing stream is never changed. Default: no stream is created.
   */
  readonly createStream?: Partial<Omit<StreamConfig, 'name'>>
  /** Other options of the client's connection, such as credentials and TLS. Default: none. */
  readonly connection?: Omit<NodeConnectionOptions, 'servers'>
}
