export { bullmq, type BullMqOptions } from './brokers/bullmq/bullmq.ts'
export { bullmqJobs, type BullMqJobsOptions } from './brokers/bullmq/bullmq-jobs.ts'
export type { JobEngine } from './effects/jobs/job-engine.ts'
export type { BrokerMessage } from './effects/messages/broker-message.ts'
