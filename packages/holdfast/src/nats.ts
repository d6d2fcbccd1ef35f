export { nats } from './nats/nats.ts'
export type { NatsOptions } from './nats/nats-options.ts'
export type { BrokerMessage } from './outbox/broker-message.ts'
