import type { Clock } from '../kernel/clock.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { PublishedMessage } from '../kernel/event.ts'
import type { Json } from '../kernel/json.ts'
import type { Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import { LazyTransaction } from '../postgres/lazy-transaction.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Statement } from '../postgres/statement.ts'
import { findNewMessages, givePositions, lockDispatch, type NewMessageRow } from './queries/dispatch.ts'

// Assigns positions to committed messages. One process at a time does it, for all services:
//
//   publish (seq, under a lock on the key) ─commit→ dispatch (position) ─commit→ subscriptions read on
//
// A sequence alone would not do: numbers are drawn before the commit, so a reader of `seq > last` misses
// what commits later. A position is drawn after the commit, in one transaction at a time, so a reader
// that has seen position n has seen every position below.
//
// No code of the application runs here: which process dispatches decides nothing, and no message can
// stop it.

/** Dependencies of {@link startDispatcher}. */
export interface DispatcherParts {
  readonly pool: Pool
  /** Returns statements to run with messages of which jobs may be waiting. The last returns the service of each job that goes on. */
  readonly resolveWaits: (messages: readonly PublishedMessage[]) => readonly Statement[]
  readonly clock: Clock
  readonly log: Logger
  /** Called when messages have got their positions. */
  readonly onDispatched: (dispatched: Dispatched) => void
}

/** What a pass has dispatched. */
export interface Dispatched {
  /** The events of the messages, by the services that published them. */
  readonly events: ReadonlyMap<string, ReadonlySet<string>>
  /** The services whose jobs had waited for some of them. */
  readonly resumed: ReadonlySet<string>
}

// The poll for work wakes it; this is a second net.
const everyMs = 30_000
const batch = 200
const limitMs = 15_000

/** Starts to dispatch messages, now and whenever it is woken. */
export function startDispatcher(parts: DispatcherParts): Duty {
  const { clock, log } = parts
  return startDuty({
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

/** Dispatches a batch. */
async function dispatch({ pool, resolveWaits }: DispatcherParts, signal: AbortSignal): Promise<Batch> {
  const transaction = new LazyTransaction(pool, ownWork(signal), limitMs)
  try {
    const [lock] = await transaction.run<{ is_locked: boolean }>(lockDispatch())
    if (lock?.is_locked !== true) return nothing
    // A statement of its own: it has to see what the previous holder of the lock has committed.
    const rows = await transaction.run<NewMessageRow>(findNewMessages(batch))
    if (rows.length === 0) return nothing
    let resumed: readonly { readonly service: string }[] = []
    for (const statement of resolveWaits(rows.map(toMessage))) resumed = await transaction.run(statement)
    await transaction.commit([givePositions(rows.map(({ id }) => id))])
    return { messages: rows, resumed: new Set(resumed.map(({ service }) => service)) }
  } finally {
    await transaction.close()
  }
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

function toMessage({ published_at, payload, traceparent, ...row }: NewMessageRow): PublishedMessage {
  return {
    ...row,
    payload: payload as Json,
    publishedAt: published_at,
    traceparent: traceparent ?? undefined,
  }
}
