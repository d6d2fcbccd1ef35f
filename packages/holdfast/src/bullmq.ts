export { bullmq, type BullMqOptions } from './bullmq/bullmq.ts'
export { bullmqJobs, type BullMqJobsOptions } from './bullmq/bullmq-jobs.ts'
export type { JobEngine } from './jobs/job-engine.ts'
export type { BrokerMessage } from './outbox/broker-message.ts'
