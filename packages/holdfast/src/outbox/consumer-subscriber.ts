import type { Subscriber } from '../kernel/background.ts'
import type { Consumer } from '../kernel/consumer.ts'
import { consumerJob } from './consumer-job.ts'
import { toConsumedMessage } from './consumed-message.ts'

/** Has consumers consume messages: each gets a job for each message of its event. */
export function consumerSubscriber(consumers: readonly Consumer[]): Subscriber {
  const known = consumers.map((consumer) => ({ event: consumer.event.name, job: consumerJob(consumer) }))
  return {
    name: 'consumers',
    async hear(messages, { jobs }) {
      for (const { event, job } of known) {
        for (const message of messages) {
          if (message.event !== event) continue
          await jobs.enqueue(job, toConsumedMessage(message), { traceparent: message.traceparent })
        }
      }
    },
  }
}
