import { abortable } from '../../kernel/base/cancellation.ts'
import type { Clock } from '../../kernel/base/clock.ts'
import type { Consumer } from '../../kernel/background/consumer.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { systemWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { withTransaction } from '../../storage/postgres/transaction/with-transaction.ts'
import { type ConsumedMessage, toConsumedMessage } from './consumed-message.ts'
import { consumerJob } from './consumer-job.ts'
import { isPresent, toPublished } from './log-message.ts'
import {
  advanceConsumers,
  type LockedRow,
  lockConsumers,
  type LogMessageRow,
  type LogWindow,
  readMessages,
} from './queries/subscriptions.ts'

/** The consumers of this process, with their events and jobs, by name. */
type Known = ReadonlyMap<string, { readonly event: string; readonly job: Job<ConsumedMessage> }>

/** Dependencies of {@link startFanOut}. */
export interface FanOutParts {
  readonly service: string
  readonly consumers: readonly Consumer[]
  readonly pool: Pool
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly clock: Clock
  readonly log: Logger
}

const everyMs = 30_000
const batch = 200
const limitMs = 15_000

/**
 * Starts to enqueue a consumer's job for each message of its event. One transaction advances all
 * consumers of this process that are behind: it enqueues their jobs and moves their positions. So
 * no message is lost or enqueued twice, even if several processes do this at the same time.
 */
export function startFanOut(parts: FanOutParts): RecurringTask {
  const { clock, log } = parts
  const known: Known = new Map(
    parts.consumers.map((consumer) => [
      consumer.name,
      { event: consumer.event.name, job: consumerJob(consumer, parts.service) },
    ]),
  )
  return startRecurringTask({
    failure: 'handing messages to consumers failed',
    clock,
    log,
    everyMs,
    async work(stopping) {
      if (known.size === 0) return undefined
      const seen = await fanOut(known, parts, AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]))
      // A consumer that was ahead of the others may have more to read. A pass without work is
      // cheap.
      return seen > 0 ? 0 : undefined
    },
  })
}

/**
 * Enqueues jobs for a window of messages, for the consumers that are behind. Returns the window's
 * size.
 */
function fanOut(known: Known, { service, pool, bind }: FanOutParts, signal: AbortSignal): Promise<number> {
  return withTransaction(pool, { work: systemWork(signal), limitMs }, async (transaction) => {
    const locked = await transaction.run<LockedRow>(lockConsumers(service, [...known.keys()]))
    if (locked.length === 0) return 0
    const rows = await transaction.run<LogMessageRow>(readMessages(windowOf(locked, known)))
    const last = rows[0]?.last ?? undefined
    if (last === undefined) return 0
    const { jobs } = bind(transaction)
    for (const { name, publisher, position } of locked) {
      const { event, job } = known.get(name)!
      for (const row of rows.filter(isPresent)) {
        const isOwn = row.event === event && row.service === publisher
        if (!isOwn || BigInt(row.position) <= BigInt(position)) continue
        const message = toPublished(row)
        const { traceparent, tenant, subjects } = message
        const enqueued = jobs.enqueue(job, toConsumedMessage(message), { traceparent, tenant, subjects })
        await abortable(enqueued, signal)
      }
    }
    const names = locked.map(({ name }) => name)
    await transaction.commit([advanceConsumers(service, names, last)])
    return rows[0]!.seen
  })
}

/** Returns the window that starts after the lowest position of the consumers. */
function windowOf(locked: readonly LockedRow[], known: Known): LogWindow {
  const after = locked.map(({ position }) => BigInt(position)).reduce((a, b) => (a < b ? a : b))
  return {
    after: String(after),
    publishers: [...new Set(locked.map(({ publisher }) => publisher))],
    events: [...new Set(locked.map(({ name }) => known.get(name)!.event))],
    limit: batch,
  }
}
