export { nats } from './brokers/nats/nats.ts'
export type { NatsOptions } from './brokers/nats/nats-options.ts'
export type { BrokerMessage } from './effects/messages/broker-message.ts'
