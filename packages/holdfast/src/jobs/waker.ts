import type pg from 'pg'
import type { Clock, Timer } from '../kernel/clock.ts'
import { toLogFields, type Logger } from '../kernel/log.ts'
import { DriverClient } from '../postgres/driver-client.ts'
import { driverSettings } from '../postgres/session-settings.ts'
import type { JobsWaker } from './transaction-jobs.ts'

/** What may have come. */
export type WakeReason = 'jobs' | 'messages' | 'cancelled'

/** Tells workers, in this process and in others, that there is something to do. It may be lost: who needs to know looks now and then. */
export interface Waker extends JobsWaker {
  /** There are messages to hand out. */
  wakeMessages(): void
  /** Calls `wake` whenever there may be something to do. Gives what ends it. */
  listen(wake: (reason: WakeReason) => void): () => void
  close(): Promise<void>
}

/** What a waker is made with. */
export interface WakerParts {
  /** `undefined` where no session can be had that hears: it tells its own process only. */
  readonly connectionString: string | undefined
  readonly clock: Clock
  readonly log: Logger
}

const channel = 'holdfast_wake'
// Others are told at most this often; each time takes a lock of the whole database for a moment.
const pauseMs = 10
const firstRetryMs = 500
const longestRetryMs = 15_000

/**
 * Makes a waker on a connection of its own: a NOTIFY within a business transaction would take a lock that all commits of the database wait
 * for.
 */
export function createWaker({ connectionString, clock, log }: WakerParts): Waker {
  const listeners = new Set<(reason: WakeReason) => void>()
  const due = new Set<WakeReason>()
  let client: pg.Client | undefined
  let connecting: Promise<pg.Client | undefined> | undefined
  let isSending = false
  let isClosed = false
  let retry: Timer | undefined
  let retryMs = firstRetryMs

  function tellHere(reason: WakeReason): void {
    for (const wake of listeners) wake(reason)
  }

  /** The connection; `undefined` where there is none now. */
  function connect(): Promise<pg.Client | undefined> {
    if (client) return Promise.resolve(client)
    if (retry || connectionString === undefined) return Promise.resolve(undefined)
    return (connecting ??= open(connectionString).finally(() => (connecting = undefined)))
  }

  async function open(connectionString: string): Promise<pg.Client | undefined> {
    const opened = new DriverClient({
      connectionString,
      application_name: 'holdfast (wake)',
      sessionSettings: driverSettings({ isPooled: false }),
      connectionTimeoutMillis: 2_000,
      query_timeout: 5_000,
      keepAlive: true,
    })
    opened.on('error', (error) => lose(opened, error))
    opened.on('end', () => lose(opened, undefined))
    opened.on('notification', ({ payload, processId }) => {
      // What this process sends has been heard here already.
      if (processId !== (opened as unknown as { readonly processID: number }).processID)
        tellHere(payload as WakeReason)
    })
    try {
      await opened.connect()
      if (listeners.size > 0) await opened.query(`listen ${channel}`)
    } catch (error) {
      lose(opened, error)
      return undefined
    }
    if (isClosed) {
      await opened.end()
      return undefined
    }
    client = opened
    retryMs = firstRetryMs
    // Something may have come while nobody listened.
    for (const reason of ['jobs', 'messages', 'cancelled'] as const) tellHere(reason)
    return opened
  }

  function lose(lost: pg.Client, error: unknown): void {
    if (isClosed || retry || (client && client !== lost)) return
    client = undefined
    log.debug(
      { error: toLogFields(error) },
      'the connection that wakes workers was lost; they look by themselves meanwhile',
    )
    lost.end().catch(() => {})
    retry = clock.after(retryMs, () => {
      retry = undefined
      if (listeners.size > 0) void connect()
    })
    retryMs = Math.min(longestRetryMs, retryMs * 2)
  }

  function send(reason: WakeReason): void {
    if (isClosed) return
    tellHere(reason)
    due.add(reason)
    if (isSending) return
    isSending = true
    void sendDue()
  }

  async function sendDue(): Promise<void> {
    while (due.size > 0 && !isClosed) {
      const reasons = [...due]
      due.clear()
      const connection = await connect()
      const text = reasons.map((_, n) => `pg_notify('${channel}', $${n + 1})`).join(', ')
      await connection?.query(`select ${text}`, reasons).catch((error: unknown) => lose(connection, error))
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
    }
    isSending = false
  }

  return {
    wakeJobs: () => send('jobs'),
    wakeMessages: () => send('messages'),
    wakeCancelled: () => send('cancelled'),
    listen(wake) {
      listeners.add(wake)
      if (listeners.size === 1) {
        // One that was opened to tell others only has to be told to listen as well.
        void connect().then((connection) =>
          connection?.query(`listen ${channel}`).catch((error: unknown) => lose(connection, error)),
        )
      }
      return () => listeners.delete(wake)
    },
    async close() {
      isClosed = true
      retry?.cancel()
      await connecting
      await client?.end().catch(() => {})
    },
  }
}
