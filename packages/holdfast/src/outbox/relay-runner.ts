import { type Duty, startDuty } from '../kernel/duty.ts'
import { toLogFields } from '../kernel/log.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Json } from '../kernel/json.ts'
import type { Relay, RelayedMessage } from '../kernel/relay.ts'
import { retryDelayMs } from '../kernel/retry-delay.ts'
import type { Surroundings } from '../kernel/surroundings.ts'
import { ownWork } from '../kernel/work.ts'
import { LazyTransaction } from '../postgres/lazy-transaction.ts'
import type { Pool } from '../postgres/pool.ts'
import {
  advanceRelay,
  lockRelay,
  noteRelayFailure,
  readRelay,
  registerRelay,
  type RelayRow,
} from './queries/relays.ts'
import type { RelayFailure } from './outbox-admin.ts'
import { RelayLink, sendLimitMs } from './relay-link.ts'

/** What a relay is run with. */
export interface RelayRunnerParts {
  readonly pool: Pool
  readonly surroundings: Surroundings
}

const batch = 200
const pollMs = 1_000
const noteLimitMs = 5_000
// Beside the broker's time, that of the statements before and after.
const passLimitMs = sendLimitMs + 5_000
const retry = { firstDelay: '500ms', longestDelay: '30s' } as const
const longestPauseMs = 60_000

/**
 * Sends the messages of one relay on. The process that does it holds a lock of the transaction in which it reads and notes its position:
 * should it die or hang, the lock goes with its session, and what it then still sends has been sent, or is sent again, by the next one in the
 * same order from the same position on.
 */
export class RelayRunner {
  readonly #relay: Relay
  readonly #parts: RelayRunnerParts
  readonly #link: RelayLink
  readonly #duty: Duty
  readonly #events: readonly string[] | null
  #failures = 0
  /** The failure that has been told of, so that it is told of once. */
  #told: string | undefined

  constructor(relay: Relay, parts: RelayRunnerParts) {
    this.#relay = relay
    this.#parts = parts
    this.#events = relay.events?.map(({ name }) => name) ?? null
    this.#link = new RelayLink(relay, parts.surroundings)
    this.#duty = startDuty({
      failure: `the relay "${relay.name}" failed`,
      clock: parts.surroundings.clock,
      log: parts.surroundings.log,
      everyMs: longestPauseMs,
      work: (stopping) => this.#work(stopping),
    })
  }

  /** There is something to send. */
  wake(): void {
    // What has failed takes its pause, however much there is to send.
    if (this.#failures === 0) this.#duty.now()
  }

  async stop(): Promise<void> {
    await this.#duty.stop()
    await this.#link.close()
  }

  async #work(stopping: AbortSignal): Promise<number | undefined> {
    try {
      const isBehind = await this.#pass(stopping)
      this.#recovered()
      return isBehind ? 0 : pollMs
    } catch (error) {
      if (stopping.aborted) return undefined
      return this.#failed(error)
    }
  }

  /** Sends a batch, where no other process does, and gives whether there may be more. */
  async #pass(stopping: AbortSignal): Promise<boolean> {
    await this.#link.connect(stopping)
    const limit = AbortSignal.any([stopping, AbortSignal.timeout(passLimitMs)])
    const transaction = new LazyTransaction(this.#parts.pool, ownWork(limit), passLimitMs)
    try {
      const [lock] = await transaction.run<{ is_locked: boolean }>(lockRelay(this.#relay.name))
      if (lock?.is_locked !== true) return false
      const rows = await transaction.run<RelayRow>(readRelay(this.#relay.name, this.#events, batch))
      const [first] = rows
      if (!first) {
        // Before anything is sent: from now on, nothing is deleted that it has not sent.
        await transaction.commit([registerRelay(this.#relay.name)])
        return true
      }
      const { sent, last, has_failed: hasFailed, seen } = first
      const messages = rows.filter(({ id }) => id !== null).map(toRelayedMessage)
      if (messages.length > 0) await this.#link.send(messages, stopping)
      const hasSent = messages.length > 0
      const isNews = last !== null || hasFailed
      const progress = { from: sent, to: last ?? sent, hasSent }
      await transaction.commit(isNews ? [advanceRelay(this.#relay.name, progress)] : [])
      return seen === batch
    } finally {
      await transaction.close()
    }
  }

  #recovered(): void {
    this.#failures = 0
    if (this.#told === undefined) return
    this.#told = undefined
    this.#parts.surroundings.log.info({ relay: this.#relay.name }, 'the relay sends again')
  }

  /** Gives how long to pause. */
  async #failed(error: unknown): Promise<number> {
    this.#failures += 1
    await this.#link.close()
    const failure = describe(error)
    const told = `${failure.code} ${failure.message}`
    if (this.#told !== told) {
      this.#told = told
      this.#parts.surroundings.log.warn(
        { relay: this.#relay.name, error: toLogFields(error) },
        'the relay cannot send on for now; it tries again and again, and loses nothing',
      )
      await this.#note(failure)
    }
    return retryDelayMs(retry, this.#failures)
  }

  async #note(failure: RelayFailure): Promise<void> {
    const transaction = new LazyTransaction(
      this.#parts.pool,
      ownWork(AbortSignal.timeout(noteLimitMs)),
      noteLimitMs,
    )
    try {
      await transaction.commit([noteRelayFailure(this.#relay.name, failure)])
    } catch (error) {
      this.#parts.surroundings.log.debug(
        { relay: this.#relay.name, error: toLogFields(error) },
        'the failure of a relay could not be noted in the database',
      )
    } finally {
      await transaction.close()
    }
  }
}

function describe(error: unknown): RelayFailure {
  const code = error instanceof HoldfastError ? error.code : 'unknown'
  const message = error instanceof Error ? error.message : String(error)
  return { code, message, at: new Date().toISOString() }
}

function toRelayedMessage({ id, event, key, payload, traceparent, published_at }: RelayRow): RelayedMessage {
  return {
    id: id!,
    event,
    key,
    payload: payload as Json,
    publishedAt: published_at,
    traceparent: traceparent ?? undefined,
  }
}
