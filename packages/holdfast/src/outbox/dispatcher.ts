import type { Subscriber } from '../kernel/background.ts'
import { untilAborted } from '../kernel/cancellation.ts'
import type { Clock } from '../kernel/clock.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { PublishedMessage } from '../kernel/event.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Json } from '../kernel/json.ts'
import type { Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import { LazyTransaction } from '../postgres/lazy-transaction.ts'
import type { Pool } from '../postgres/pool.ts'
import type { BoundTransaction, HandlerSession } from '../postgres/transaction-session.ts'
import { findNewMessages, givePositions, lockDispatch, type NewMessageRow } from './queries/dispatch.ts'

/** What messages are handed out with. */
export interface DispatcherParts {
  readonly pool: Pool
  readonly bind: (session: HandlerSession) => BoundTransaction
  /** Who hears of every message, in this order. */
  readonly subscribers: readonly Subscriber[]
  readonly clock: Clock
  readonly log: Logger
  /** Is called when messages have got their positions. */
  readonly onDispatched: () => void
}

// Waking is what makes a message heard of at once; this is what makes sure that it is.
const pollMs = 1_000
const batch = 200
const limitMs = 15_000

/**
 * Hands messages out: tells the subscribers, and gives positions, in one transaction. Any number of processes may try, one at a time does it:
 * what is not committed yet gets a later position, so that nobody who reads on from a position misses it.
 */
export function startDispatcher(parts: DispatcherParts): Duty {
  const { clock, log } = parts
  return startDuty({
    failure: 'messages could not be handed out',
    clock,
    log,
    everyMs: pollMs,
    async work(stopping) {
      const count = await dispatch(parts, AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]))
      if (count > 0) parts.onDispatched()
      return count === batch ? 0 : undefined
    },
  })
}

/** Hands a batch out, and gives how many they were. */
async function dispatch({ pool, bind, subscribers }: DispatcherParts, signal: AbortSignal): Promise<number> {
  const transaction = new LazyTransaction(pool, ownWork(signal), limitMs)
  try {
    const [lock] = await transaction.run<{ is_locked: boolean }>(lockDispatch())
    if (lock?.is_locked !== true) return 0
    // A statement of its own: it has to see what whoever had the lock before has done.
    const rows = await transaction.run<NewMessageRow>(findNewMessages(batch))
    if (rows.length === 0) return 0
    const messages = rows.map(toMessage)
    const bound = bind(transaction)
    for (const subscriber of subscribers) await untilAborted(tell(subscriber, messages, bound), signal)
    await transaction.commit([givePositions(rows.map(({ id }) => id))])
    return rows.length
  } finally {
    await transaction.close()
  }
}

function toMessage({ published_at, payload, traceparent, ...row }: NewMessageRow): PublishedMessage {
  return {
    ...row,
    payload: payload as Json,
    publishedAt: published_at,
    traceparent: traceparent ?? undefined,
  }
}

async function tell(
  subscriber: Subscriber,
  messages: readonly PublishedMessage[],
  { transaction, jobs }: BoundTransaction,
): Promise<void> {
  try {
    await subscriber.hear(messages, { transaction, jobs })
  } catch (error) {
    const ids = `${messages[0]?.id} to ${messages.at(-1)?.id}`
    throw new HoldfastError(
      'subscriber-failed',
      `The subscriber "${subscriber.name}" failed at the ${messages.length} messages ${ids}. They are handed out again until it takes them; those behind them wait. Its cause says why.`,
      { cause: error },
    )
  }
}
