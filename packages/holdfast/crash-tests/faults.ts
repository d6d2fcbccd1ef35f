import { type Answer, HoldfastError, type RunningService } from 'holdfast'
import { until, type UntilOptions } from 'holdfast/testing'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/** Returns random numbers from 0 (inclusive) to 1 (exclusive), reproducible by seed. */
export type Random = () => number

/** A client's observations of one request. */
export interface FaultReport {
  /** The name of the request, which is the same in all of its attempts. */
  readonly name: string
  /** All responses that the client received. The last one is final. */
  readonly answers: readonly Answer[]
  readonly replay: Answer
}

/** A client that sends transfers. */
export interface FaultyClient {
  readonly running: RunningService
  readonly random: Random
  /** True if a retry has the request's key; otherwise each retry has a new key. */
  readonly keepsKey: boolean
  /** Makes the next handler fail with a statement timeout. */
  hurry(): void
  /** Counts an event of a call. */
  count(what: string): void
}

/** Creates a generator with the algorithm mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const accounts = 4
const timeout = '2m'

/**
 * Sends a transfer until its response is final, and then once more. Some attempts have a short
 * timeout, and in some the client disconnects midway.
 */
export async function transferUntilFinal(client: FaultyClient): Promise<FaultReport> {
  const { random, keepsKey } = client
  const name = `transfer-${Math.floor(random() * 2 ** 48).toString(36)}`
  const from = 1 + Math.floor(random() * accounts)
  const to = 1 + ((from + Math.floor(random() * (accounts - 1))) % accounts)
  const operation = random() < 0.3 ? 'transferSerializably' : 'transfer'
  const body = { key: name, from, to }
  const answers: Answer[] = []
  let attempts = 0

  async function attempt(): Promise<Answer | undefined> {
    attempts += 1
    const key = keepsKey || attempts === 1 ? name : `${name}-${attempts}`
    const answer = await sendFaultily(client, { operation, body, key })
    if (answer) answers.push(answer)
    return answer?.status === 200 ? answer : undefined
  }

  const wait: UntilOptions = { timeout, every: '5ms', what: `a final answer of ${name}` }
  await until(attempt, wait)
  return { name, answers, replay: await until(attempt, wait) }
}

interface Sending {
  readonly operation: string
  readonly body: object
  readonly key: string
}

/** Sends a request; returns `undefined` if the client disconnected before the response. */
async function sendFaultily(client: FaultyClient, sending: Sending): Promise<Answer | undefined> {
  const { random, running } = client
  const fate = random()
  if (fate < 0.1) return send(running, sending, { timeout: `${1 + Math.floor(random() * 30)}ms` })
  if (fate < 0.2) client.hurry()
  if (fate < 0.8) return send(running, sending)
  const leaving = new AbortController()
  const timer = setTimeout(() => leaving.abort(), random() * 30)
  const answer = await send(running, sending, { client: leaving.signal })
  clearTimeout(timer)
  if (!leaving.signal.aborted) return answer
  client.count('client gone')
  return undefined
}

/**
 * Sends a transfer. `timeout` is the deadline that the client requests; `client` is aborted when
 * the client disconnects.
 */
export async function send(
  running: RunningService,
  { operation, body, key }: Sending,
  { timeout, client }: { readonly timeout?: string; readonly client?: AbortSignal } = {},
): Promise<Answer> {
  const headers: Readonly<Record<string, string | undefined>> = {
    'idempotency-key': key,
    'request-timeout': timeout,
  }
  return running.call({
    operation,
    input: { path: {}, query: {}, body },
    header: (header) => headers[header],
    ...(client ? { client } : {}),
  })
}

const maxPauseMs = 40
// Number of cancel requests in a burst. They are sent so fast that not even a BEGIN can complete
// between two of them.
const cancelsAtOnce = 3_000

/**
 * Repeatedly cancels the statements of two sessions of a service. Returns the function that stops
 * it.
 */
export async function cancelAtRandom(
  databaseUrl: string,
  random: Random,
): Promise<{ stop(): Promise<void> }> {
  const admin = new DriverClient({ connectionString: databaseUrl })
  // A closing connection may still receive the notice that its database is dropped.
  admin.on('error', () => {})
  await admin.connect()
  let isOver = false
  const cancelling = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, random() * maxPauseMs))
      await admin.query(
        `with hit as materialized (
           select pid from pg_stat_activity where datname = current_database() and application_name = 'holdfast'
           order by random() limit 2
         )
         select count(pg_cancel_backend(pid)) from generate_series(1, $1::int), hit`,
        [cancelsAtOnce],
      )
    }
  })()
  return {
    async stop() {
      isOver = true
      await cancelling
      await admin.end()
    },
  }
}

/** Returns the seed from the environment, or a random seed. */
export function seedOf(text: string | undefined): number {
  if (text === undefined || text === '') return Math.floor(Math.random() * 2 ** 31)
  const seed = Number(text)
  if (Number.isInteger(seed)) return seed
  throw new HoldfastError('seed-invalid', `FAULT_SEED is "${text}". It must be a whole number.`)
}
