import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { backoffBoundMs } from '../../kernel/base/backoff.ts'
import { CancellationSource } from '../../kernel/base/cancellation.ts'
import type { Clock, Timer } from '../../kernel/base/clock.ts'
import { toLogFields, type Logger } from '../../kernel/base/log.ts'
import { pause, settlesWithin } from '../../kernel/base/wait.ts'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'
import { driverSettings } from '../../storage/postgres/session/session-settings.ts'
import { notify, wakeChannel } from './notify.ts'
import { decodeWake, type Wake, type WakeKind, type WakeSender } from './wake.ts'

// Wakes processes when there is work for them: this process directly, other processes by NOTIFY.
//
//   commit ─▶ send(kind, names) ─▶ listeners here
//                              └─▶ batched ─▶ pg_notify(kind, service, names) ─▶ other processes
//
// - A notification contains the names that it concerns, so that a process reacts only to its own
//   names.
// - It is sent over a dedicated connection: NOTIFY in a business transaction takes a lock that all
//   commits of the database wait for. Wakes sent within a few milliseconds share one statement.
// - A wake is a hint. It is lost if this process dies between its commit and the notification, or
//   if the listener is disconnected. So every listener also polls, and checks for all work when the
//   connection was lost or opened.

/** Receives wakes. */
export interface WakeListener {
  /** Called when there may be work to do. */
  wake(wake: Wake): void
  /** Called when wakes may have been lost, because the connection was opened or lost. */
  look(): void
}

/** Sends and receives wakes. */
export interface Waker extends WakeSender {
  /**
   * True if this process receives the wakes of other processes now. If not, the process must poll
   * more often.
   */
  readonly isListening: boolean
  /**
   * The `application_name` of the listening session, unique to this process; `null` if there is no
   * such session now.
   */
  readonly session: string | null
  /** Adds a listener for the wakes of all services. Returns a function that removes it. */
  listen(listener: WakeListener): () => void
  /** Sends pending wakes and closes the connection. */
  close(): Promise<void>
}

/** Dependencies of {@link createWaker}. */
export interface WakerParts {
  /** The name of this process's service. */
  readonly service: string
  readonly connectionString: string
  /**
   * True if the connection leads to a pooler in transaction mode, over which wakes can be sent but
   * not received.
   */
  readonly isPooled?: boolean
  readonly clock: Clock
  readonly log: Logger
}

// Min interval between notifications, in milliseconds, since each notification briefly takes a
// database-wide lock.
const pauseMs = 10
const retries = { firstMs: 500, maxMs: 15_000 }
const connectTimeoutMs = 2_000
const queryTimeoutMs = 5_000
const closeTimeoutMs = 1_000
// Max number of names in a notification. With more names, the notification concerns all jobs and
// messages of the service.
const maxNames = 1_000

/** Creates a waker. It connects on first use. */
export function createWaker(parts: WakerParts): Waker {
  return new NotifyingWaker(parts)
}

class NotifyingWaker implements Waker {
  readonly #parts: WakerParts
  readonly #listeners = new Set<WakeListener>()
  readonly #outgoing = new OutgoingWakes()
  readonly #closing = new CancellationSource()
  readonly #session = `holdfast wake ${randomUUID()}`
  #client: DriverClient | undefined
  #connecting: Promise<DriverClient | undefined> | undefined
  #sending: Promise<void> | undefined
  #isListening = false
  #retry: Timer | undefined
  #failures = 0

  constructor(parts: WakerParts) {
    this.#parts = parts
  }

  get isListening(): boolean {
    return this.#isListening
  }

  get session(): string | null {
    return this.#isListening ? this.#session : null
  }

  send(kind: WakeKind, names: Iterable<string>, service = this.#parts.service): void {
    if (this.#closing.aborted) return
    const wake: Wake = { kind, service, names: new Set(names) }
    for (const listener of this.#listeners) listener.wake(wake)
    this.#outgoing.add(wake)
    this.#sendSoon()
  }

  listen(listener: WakeListener): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) void this.#connect().then((client) => client && this.#listenOn(client))
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closing.cancel('closed')
    this.#retry?.cancel()
    // Other processes need the wakes for the jobs that this worker has just released.
    if (this.#sending) await settlesWithin(this.#sending, closeTimeoutMs)
    await this.#connecting
    await this.#client?.end().catch(() => {})
  }

  /** Resolves to the connection, or to `undefined` if there is no connection now. */
  #connect(): Promise<DriverClient | undefined> {
    if (this.#client) return Promise.resolve(this.#client)
    if (this.#retry) return Promise.resolve(undefined)
    return (this.#connecting ??= this.#open().finally(() => (this.#connecting = undefined)))
  }

  async #open(): Promise<DriverClient | undefined> {
    const { connectionString, isPooled = false } = this.#parts
    const client = new DriverClient({
      connectionString,
      application_name: this.#session,
      ...(isPooled ? {} : { sessionSettings: driverSettings({ isPooled: false }) }),
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
    })
    client.on('error', (error) => this.#lose(client, error))
    client.on('end', () => this.#lose(client, undefined))
    client.on('notification', (notification) => this.#receive(client, notification))
    try {
      await client.connect()
    } catch (error) {
      this.#lose(client, error)
      return undefined
    }
    this.#client = client
    this.#failures = 0
    if (this.#listeners.size > 0) await this.#listenOn(client)
    return this.#client
  }

  async #listenOn(client: DriverClient): Promise<void> {
    if (this.#parts.isPooled === true || this.#isListening || this.#closing.aborted) return
    try {
      await client.query(`listen ${wakeChannel}`)
    } catch (error) {
      return this.#lose(client, error)
    }
    if (client !== this.#client) return
    this.#isListening = true
    // Wakes may have been lost before the connection was listening.
    for (const listener of this.#listeners) listener.look()
  }

  #receive(client: DriverClient, { payload, processId }: pg.Notification): void {
    // The listeners here already received the wakes of this process.
    if (processId === client.processID) return
    const wake = decodeWake(payload)
    if (wake) for (const listener of this.#listeners) listener.wake(wake)
  }

  #lose(lost: DriverClient, error: unknown): void {
    if (this.#closing.aborted || this.#retry || (this.#client && this.#client !== lost)) return
    this.#client = undefined
    this.#parts.log.debug({ error: toLogFields(error) }, 'LISTEN connection lost; polling every second')
    lost.end().catch(() => {})
    this.#failures += 1
    this.#retry = this.#parts.clock.after(backoffBoundMs(retries, this.#failures), () => {
      this.#retry = undefined
      if (this.#listeners.size > 0) void this.#connect()
      this.#sendSoon()
    })
    if (!this.#isListening) return
    this.#isListening = false
    // The listeners relied on wakes, which may now be lost.
    for (const listener of this.#listeners) listener.look()
  }

  #sendSoon(): void {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined))
  }

  /** Sends pending wakes. If sending fails, the wakes wait for the next connection. */
  async #sendAll(): Promise<void> {
    while (this.#outgoing.size > 0) {
      const client = await this.#connect()
      if (!client) return
      const wakes = this.#outgoing.take()
      const { name, text, values = [] } = notify(wakes)
      try {
        // A pooler may run each statement in a different session.
        const named = this.#parts.isPooled === true || name === undefined ? {} : { name }
        await client.query({ ...named, text, values: [...values] })
      } catch (error) {
        for (const wake of wakes) this.#outgoing.add(wake)
        this.#lose(client, error)
        return
      }
      await pause(pauseMs, { clock: this.#parts.clock, cancellation: this.#closing })
    }
  }
}

/** Pending wakes, merged by kind and service. */
class OutgoingWakes {
  #wakes = new Map<string, Wake>()

  get size(): number {
    return this.#wakes.size
  }

  add(wake: Wake): void {
    const id = `${wake.kind} ${wake.service}`
    const known = this.#wakes.get(id)
    this.#wakes.set(id, known ? together(known, wake) : wake)
  }

  take(): readonly Wake[] {
    const wakes = [...this.#wakes.values()]
    this.#wakes.clear()
    return wakes
  }
}

function together(one: Wake, other: Wake): Wake {
  if (one.names === undefined || other.names === undefined) return { ...one, names: undefined }
  const names = one.names.union(other.names)
  return { ...one, names: names.size > maxNames ? undefined : names }
}
