export { bullmq, type BullMqOptions } from './bullmq/bullmq.ts'
export type { BrokerMessage } from './outbox/broker-message.ts'
