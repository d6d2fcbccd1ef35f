import { type RecurringTask, startRecurringTask } from '../../../kernel/base/recurring-task.ts'
import { toLogFields } from '../../../kernel/base/log.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Relay } from '../../../kernel/background/relay.ts'
import { retryDelayMs } from '../../../kernel/background/retry-delay.ts'
import type { ServiceHost } from '../../../kernel/host/service-host.ts'
import { limitedWork, systemWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { withTransaction } from '../../../storage/postgres/transaction/with-transaction.ts'
import { isPresent, toPublished } from '../log-message.ts'
import {
  advanceSubscription,
  type LockedRow,
  lockSubscription,
  type LogMessageRow,
  readMessages,
  readSubscription,
  storeFailure,
} from '../queries/subscriptions.ts'
import type { RelayFailure } from '../subscriptions-admin.ts'
import { RelayLink, sendLimitMs } from './relay-link.ts'

/*
 * Forwards the messages of one relay to its broker, in every process that runs the relay:
 *
 *   wake or poll ─▶ lock the relay ─▶ read a batch after its position ─▶ send ─▶ advance, COMMIT
 *                      │ held by another process              │ failed
 *                      └▶ nothing to do                       └▶ roll back, note it, backoff
 *
 * Invariants:
 * - One process sends at a time: it holds the lock in the transaction in which it sends.
 * - The position advances only after the broker has confirmed the whole batch. After a crash, the
 *   same messages are sent again, in the same order: at least once, never skipped.
 * - A failure is logged once, not per attempt, and no message is dropped.
 * - The connection to the broker is opened again after each failure.
 */

/** Dependencies of a {@link RelayRunner}. */
export interface RelayRunnerParts {
  readonly service: string
  readonly pool: Pool
  readonly host: ServiceHost
}

const batch = 200
const noteLimitMs = 5_000
// The broker's timeout, plus time for the statements before and after.
const passLimitMs = sendLimitMs + 5_000
const retry = { initialDelay: '500ms', maxDelay: '30s' } as const
// A fallback: normally the poll for work wakes the relay.
const maxPauseMs = 30_000

/**
 * Forwards the messages of one relay to its broker. A process holds the relay's lock in the
 * transaction in which it sends. If the process dies or hangs, the lock ends with its session, and
 * another process sends from the same position again, in the same order.
 */
export class RelayRunner {
  readonly #relay: Relay
  readonly #parts: RelayRunnerParts
  readonly #link: RelayLink
  readonly #task: RecurringTask
  readonly #events: readonly string[] | null
  #failures = 0
  /** The last logged failure, so that a repeated failure is logged only once. */
  #lastFailure: string | undefined

  constructor(relay: Relay, parts: RelayRunnerParts) {
    this.#relay = relay
    this.#parts = parts
    this.#events = relay.events?.map(({ name }) => name) ?? null
    this.#link = new RelayLink(relay, parts.host)
    this.#task = startRecurringTask({
      failure: `the relay "${relay.name}" failed`,
      clock: parts.host.clock,
      log: parts.host.log,
      everyMs: maxPauseMs,
      work: (stopping) => this.#work(stopping),
    })
  }

  /** Called when there may be messages to send. */
  wake(): void {
    // After a failure, new messages do not shorten the delay before the next attempt.
    if (this.#failures === 0) this.#task.now()
  }

  async stop(): Promise<void> {
    await this.#task.stop()
    await this.#link.close()
  }

  async #work(stopping: AbortSignal): Promise<number | undefined> {
    try {
      const isBehind = await this.#pass(stopping)
      this.#recovered()
      return isBehind ? 0 : undefined
    } catch (error) {
      if (stopping.aborted) return undefined
      return this.#failed(error)
    }
  }

  /** Sends a batch, unless another process is sending. Returns whether there may be more. */
  async #pass(stopping: AbortSignal): Promise<boolean> {
    const { service, pool } = this.#parts
    const subscription = { kind: 'relay', name: this.#relay.name } as const
    await this.#link.connect(stopping)
    const limit = AbortSignal.any([stopping, AbortSignal.timeout(passLimitMs)])
    return withTransaction(pool, { work: systemWork(limit), limitMs: passLimitMs }, async (transaction) => {
      const [lock] = await transaction.run<{ is_locked: boolean }>(lockSubscription(service, subscription))
      if (lock?.is_locked !== true) return false
      const [locked] = await transaction.run<LockedRow>(readSubscription(service, subscription))
      if (!locked) return false
      const { position: after, publisher } = locked
      const window = { after, publishers: [publisher], events: this.#events, limit: batch }
      const rows = await transaction.run<LogMessageRow>(readMessages(window))
      const last = rows[0]?.last ?? undefined
      if (last === undefined) return false
      const messages = rows.filter(isPresent).map(toPublished)
      if (messages.length > 0) await this.#link.send(messages, stopping)
      await transaction.commit([advanceSubscription(service, subscription, { from: after, to: last })])
      return rows[0]!.seen === batch
    })
  }

  #recovered(): void {
    this.#failures = 0
    if (this.#lastFailure === undefined) return
    this.#lastFailure = undefined
    this.#parts.host.log.info({ relay: this.#relay.name }, 'relay recovered')
  }

  /** Handles a failure, and returns the delay before the next attempt, in milliseconds. */
  async #failed(error: unknown): Promise<number> {
    this.#failures += 1
    await this.#link.close()
    const failure = describe(error)
    const text = `${failure.code} ${failure.message}`
    if (this.#lastFailure !== text) {
      this.#lastFailure = text
      this.#parts.host.log.warn(
        { relay: this.#relay.name, error: toLogFields(error) },
        'relay is failing; retrying, no messages are lost',
      )
      await this.#note(failure)
    }
    return retryDelayMs(retry, this.#failures)
  }

  async #note(failure: RelayFailure): Promise<void> {
    const { service, pool, host } = this.#parts
    const name = { kind: 'relay', name: this.#relay.name } as const
    const limit = { work: limitedWork(noteLimitMs), limitMs: noteLimitMs }
    try {
      await withTransaction(pool, limit, (transaction) =>
        transaction.commit([storeFailure(service, name, failure)]),
      )
    } catch (error) {
      host.log.debug(
        { relay: this.#relay.name, error: toLogFields(error) },
        'could not store the failure of a relay',
      )
    }
  }
}

function describe(error: unknown): RelayFailure {
  const code = error instanceof HoldfastError ? error.code : 'unknown'
  const message = error instanceof Error ? error.message : String(error)
  return { code, message, at: new Date().toISOString() }
}
