import type { Subscriber } from '../../kernel/background/background.ts'
import { abortable } from '../../kernel/base/cancellation.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { PublishedMessage } from '../../kernel/background/event.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { systemWork } from '../../kernel/host/work.ts'
import { isUnavailable, isRetryable } from '../../storage/postgres/errors/sql-state.ts'
import type { Transaction } from '../../storage/postgres/transaction/transaction.ts'
import { withTransaction } from '../../storage/postgres/transaction/with-transaction.ts'
import type { FanOutParts } from './fan-out.ts'
import { isPresent, toPublished } from './log-message.ts'
import { type DeadMessage, storeDead, takeRedriven } from './queries/dead-messages.ts'
import {
  advanceSubscription,
  type LockedRow,
  lockSubscription,
  type LogMessageRow,
  readMessages,
  readSubscription,
  type SubscriptionName,
} from './queries/subscriptions.ts'

/** Dependencies of a {@link SubscriberRunner}. */
export interface SubscriberParts extends Omit<FanOutParts, 'consumers'> {
  readonly subscriber: Subscriber
}

const everyMs = 30_000
const batch = 200
const limitMs = 15_000

/** The messages that a subscriber handles in one transaction, and the change of its position. */
interface Window {
  readonly messages: readonly PublishedMessage[]
  /** Number of log messages in the window, including messages that the subscriber does not read. */
  readonly seen: number
  /** The positions before and after the window; `undefined` for a redriven dead letter. */
  readonly move: { readonly from: string; readonly to: string } | undefined
}

/**
 * Passes messages to a subscriber, starting at its position. If a batch fails, its messages are
 * retried one by one, each in its own transaction; a message that fails again becomes a dead
 * letter, and the subscriber continues with the next message. If the database is unreachable or
 * reports a conflict, no message is at fault, and the batch is retried later.
 */
export class SubscriberRunner {
  readonly #parts: SubscriberParts
  readonly #name: SubscriptionName
  readonly #task: RecurringTask
  /** Number of messages left to handle one by one after a failure. */
  #singles = 0

  constructor(parts: SubscriberParts) {
    const { subscriber, clock, log } = parts
    this.#parts = parts
    this.#name = { kind: 'subscriber', name: subscriber.name }
    this.#task = startRecurringTask({
      failure: `the subscriber "${subscriber.name}" failed`,
      clock,
      log,
      everyMs,
      work: (stopping) => this.#work(AbortSignal.any([stopping, AbortSignal.timeout(limitMs)])),
    })
  }

  /** Called when messages may have arrived after the subscriber's position. */
  now(): void {
    this.#task.now()
  }

  stop(): Promise<void> {
    return this.#task.stop()
  }

  async #work(signal: AbortSignal): Promise<number | undefined> {
    const redriven = await this.#pass(signal, (transaction) => this.#redriven(transaction))
    const seen = redriven + (await this.#pass(signal, (transaction) => this.#next(transaction)))
    return seen > 0 ? 0 : undefined
  }

  /** Handles a window, and returns its size. */
  async #pass(
    signal: AbortSignal,
    read: (transaction: Transaction) => Promise<Window | undefined>,
  ): Promise<number> {
    try {
      const seen = await this.#transact(signal, read, (window, transaction) =>
        this.#handle(window, transaction, signal),
      )
      this.#singles = Math.max(0, this.#singles - 1)
      return seen
    } catch (error) {
      if (signal.aborted || isUnavailable(error) || isRetryable(error)) throw error
      return this.#transact(signal, read, (window, transaction) => this.#fail(window, transaction, error))
    }
  }

  async #handle({ messages }: Window, transaction: Transaction, signal: AbortSignal): Promise<true> {
    if (messages.length === 0) return true
    const bound = this.#parts.bind(transaction)
    const within = { transaction: bound.transaction, jobs: bound.jobs }
    await abortable(this.#parts.subscriber.handle(messages, within), signal)
    return true
  }

  /**
   * Handles a failed window. If the window has one message, stores it as a dead letter. If it has
   * several messages, they are handled one by one in the next windows.
   */
  async #fail({ messages }: Window, transaction: Transaction, error: unknown): Promise<boolean> {
    if (messages.length > 1) {
      this.#singles = batch
      return false
    }
    const { service, subscriber, log } = this.#parts
    const failure = toLogFields(error) as object
    const dead = messages.map(({ id, event, key }): DeadMessage => ({ id, event, key, failure }))
    if (dead.length > 0) await transaction.run(storeDead(service, subscriber.name, dead))
    log.error(
      { subscriber: subscriber.name, messages: dead.map(({ id }) => id), error: failure },
      'message failed permanently for a subscriber; stored as a dead letter',
    )
    return true
  }

  /** Reads the window after the position, and locks the subscription until the commit. */
  async #next(transaction: Transaction): Promise<Window | undefined> {
    const { service, subscriber } = this.#parts
    const [lock] = await transaction.run<{ is_locked: boolean }>(lockSubscription(service, this.#name))
    if (lock?.is_locked !== true) return undefined
    const [locked] = await transaction.run<LockedRow>(readSubscription(service, this.#name))
    if (!locked) return undefined
    const rows = await transaction.run<LogMessageRow>(
      readMessages({
        after: locked.position,
        publishers: [locked.publisher],
        events: subscriber.events?.map(({ name }) => name) ?? null,
        limit: this.#singles > 0 ? 1 : batch,
      }),
    )
    const last = rows[0]?.last ?? undefined
    if (last === undefined) return undefined
    return {
      messages: rows.filter(isPresent).map(toPublished),
      seen: rows[0]!.seen,
      move: { from: locked.position, to: last },
    }
  }

  /** Takes a redriven dead letter. */
  async #redriven(transaction: Transaction): Promise<Window | undefined> {
    const { service, subscriber } = this.#parts
    const [row] = await transaction.run<LogMessageRow>(takeRedriven(service, subscriber.name))
    return row && { messages: [toPublished(row)], seen: 1, move: undefined }
  }

  /**
   * Handles one window in a transaction, which commits if `work` resolves to true. Returns its
   * size.
   */
  #transact(
    signal: AbortSignal,
    read: (transaction: Transaction) => Promise<Window | undefined>,
    work: (window: Window, transaction: Transaction) => Promise<boolean>,
  ): Promise<number> {
    const { service, pool } = this.#parts
    return withTransaction(pool, { work: systemWork(signal), limitMs }, async (transaction) => {
      const window = await read(transaction)
      if (!window) return 0
      if (!(await work(window, transaction))) return window.seen
      await transaction.commit(window.move ? [advanceSubscription(service, this.#name, window.move)] : [])
      return window.seen
    })
  }
}
