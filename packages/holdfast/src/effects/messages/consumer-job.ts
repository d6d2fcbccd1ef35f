import type { Consumer, ConsumerContext } from '../../kernel/background/consumer.ts'
import type { Message } from '../../kernel/background/event.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Job, JobContext } from '../../kernel/background/job.ts'
import { summarizeIssues, validate } from '../../kernel/schema/schema.ts'
import { type ConsumedMessage, consumedMessage } from './consumed-message.ts'
import { ConsumerRunContext } from './consumer-run-context.ts'
import { consume } from './queries/consume.ts'

/**
 * Returns the job `consumer:<name>`, which runs a consumer for one message. Jobs with the same key
 * run strictly in order: each job starts only after the previous job and its retries have ended.
 */
export function consumerJob(consumer: Consumer, service: string): Job<ConsumedMessage> {
  return {
    kind: 'job',
    slots: undefined,
    name: `consumer:${consumer.name}`,
    input: consumedMessage,
    ...consumer.definition,
    priority: 0,
    concurrency: {
      limit: 1,
      key: ({ key }: ConsumedMessage) => key,
      ordered: true,
      onDead: consumer.onDead,
    },
    rate: undefined,
    subjectsOf: undefined,
    definedAt: consumer.definedAt,
    run: (context) => run({ consumer, service }, context as JobContext<ConsumedMessage, unknown, unknown>),
  }
}

async function run(
  { consumer, service }: { readonly consumer: Consumer; readonly service: string },
  context: JobContext<ConsumedMessage, unknown, unknown>,
): Promise<void> {
  const message = await readMessage(consumer, context.input)
  const { text, values } = consume(service, consumer.name, message.id)
  const { rowCount } = await context.transaction.query(text, values)
  if (rowCount === 0) {
    context.log.debug({ message: message.id }, 'message already consumed')
    return
  }
  const own: ConsumerContext<unknown, unknown, unknown> = new ConsumerRunContext(consumer, context, message)
  await consumer.run(own as ConsumerContext<never, never, never>)
}

/**
 * Returns the message. Its payload is parsed by the event's current schema, because a message may
 * outlive the deploy that published it.
 */
async function readMessage(consumer: Consumer, input: ConsumedMessage): Promise<Message> {
  const { event, definedAt, name } = consumer
  const result = await validate(event.payload, input.payload)
  if (!result.issues) return { ...input, payload: result.value, publishedAt: new Date(input.publishedAt) }
  throw new HoldfastError(
    'message-outdated',
    `The consumer "${name}" (${definedAt}) received the message ${input.id}, whose payload does not match the current schema of the event "${event.name}": ${summarizeIssues(result.issues)}. Deploy a schema that accepts old and new payloads, and redrive the job.`,
  )
}
