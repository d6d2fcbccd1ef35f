import type { Clock } from '../../kernel/base/clock.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { PublishedMessage } from '../../kernel/background/event.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { systemWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { withTransaction } from '../../storage/postgres/transaction/with-transaction.ts'
import { toPublished } from './log-message.ts'
import { findNewMessages, givePositions, lockDispatch, type NewMessageRow } from './queries/dispatch.ts'

// Assigns positions to committed messages. One process at a time does this for all services:
//
//   publish (seq, under a lock on the key) ─commit→ dispatch (position) ─commit→ readers
//
// A sequence alone is not enough: its numbers are assigned before the commit, so a reader of
// `seq > last` misses messages that commit later. Positions are assigned after the commit, in one
// transaction at a time. So a reader that has seen position n has seen every lower position.
//
// No application code runs here: it does not matter which process dispatches, and no message can
// block the dispatcher.

/** Dependencies of {@link startDispatcher}. */
export interface DispatcherParts {
  readonly pool: Pool
  /**
   * Returns statements that resume the jobs that wait for these messages. The last statement
   * returns the service of each resumed job.
   */
  readonly resolveWaits: (messages: readonly PublishedMessage[]) => readonly Statement[]
  readonly clock: Clock
  readonly log: Logger
  /** Called when positions have been assigned to messages. */
  readonly onDispatched: (dispatched: Dispatched) => void
}

/** The result of a dispatch pass. */
export interface Dispatched {
  /** The events of the messages, by publishing service. */
  readonly events: ReadonlyMap<string, ReadonlySet<string>>
  /** The services with jobs that were waiting for some of the messages. */
  readonly resumed: ReadonlySet<string>
}

// A fallback: normally the poll for work wakes the dispatcher.
const everyMs = 30_000
const batch = 200
const limitMs = 15_000

/** Starts to dispatch messages, now and each time it is woken. */
export function startDispatcher(parts: DispatcherParts): RecurringTask {
  const { clock, log } = parts
  return startRecurringTask({
    failure: 'dispatching messages failed',
    clock,
    log,
    everyMs,
    async work(stopping) {
      const { messages, resumed } = await dispatch(
        parts,
        AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]),
      )
      if (messages.length > 0) parts.onDispatched({ events: eventsOf(messages), resumed })
      return messages.length === batch ? 0 : undefined
    },
  })
}

interface Batch {
  readonly messages: readonly NewMessageRow[]
  readonly resumed: ReadonlySet<string>
}

const nothing: Batch = { messages: [], resumed: new Set() }

/** Dispatches a batch, unless another process is dispatching. */
function dispatch({ pool, resolveWaits }: DispatcherParts, signal: AbortSignal): Promise<Batch> {
  return withTransaction(pool, { work: systemWork(signal), limitMs }, async (transaction) => {
    const [lock] = await transaction.run<{ is_locked: boolean }>(lockDispatch())
    if (lock?.is_locked !== true) return nothing
    // A separate statement, so that its snapshot includes the commit of the previous lock holder.
    const rows = await transaction.run<NewMessageRow>(findNewMessages(batch))
    if (rows.length === 0) return nothing
    let resumed: readonly { readonly service: string }[] = []
    for (const statement of resolveWaits(rows.map(toPublished))) resumed = await transaction.run(statement)
    await transaction.commit([givePositions(rows.map(({ id }) => id))])
    return { messages: rows, resumed: new Set(resumed.map(({ service }) => service)) }
  })
}

function eventsOf(messages: readonly NewMessageRow[]): ReadonlyMap<string, ReadonlySet<string>> {
  const events = new Map<string, Set<string>>()
  for (const { service, event } of messages) {
    const known = events.get(service)
    if (known) known.add(event)
    else events.set(service, new Set([event]))
  }
  return events
}
