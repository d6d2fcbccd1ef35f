import { type Answer, HoldfastError, type RunningService } from 'holdfast'
import { until } from 'holdfast/testing'
import { DriverClient } from '../src/postgres/driver-client.ts'

/** A source of numbers from 0 up to, and not including, 1, which gives the same ones for the same seed. */
export type Random = () => number

/** What a client learned of one request. */
export interface FaultReport {
  /** What the request is about, the same for all its tries. */
  readonly name: string
  /** All its answers that the client got, the last of which is final. */
  readonly answers: readonly Answer[]
  readonly replay: Answer
}

/** A client that sends transfers. */
export interface FaultyClient {
  readonly running: RunningService
  readonly random: Random
  /** Whether a retry has the key of the request; otherwise one of its own. */
  readonly keepsKey: boolean
  /** Has the next handler that runs fail for the time that its statements take. */
  hurry(): void
  /** Takes notice of something that has happened to a call. */
  count(what: string): void
}

/** Numbers by the algorithm mulberry32. */
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
const patienceMs = 120_000

/** Sends a transfer until its answer is final, now and then with little time, or going away in the middle, and once more. */
export async function transferUntilFinal(client: FaultyClient): Promise<FaultReport> {
  const { random, keepsKey } = client
  const name = `transfer-${Math.floor(random() * 2 ** 48).toString(36)}`
  const from = 1 + Math.floor(random() * accounts)
  const to = 1 + ((from + Math.floor(random() * (accounts - 1))) % accounts)
  const operation = random() < 0.3 ? 'transferSerializably' : 'transfer'
  const body = { key: name, from, to }
  const answers: Answer[] = []
  let tries = 0

  async function attempt(): Promise<Answer | undefined> {
    tries += 1
    const key = keepsKey || tries === 1 ? name : `${name}-${tries}`
    const answer = await sendFaultily(client, { operation, body, key })
    if (answer) answers.push(answer)
    return answer?.status === 200 ? answer : undefined
  }

  const wait = { timeoutMs: patienceMs, everyMs: 5, what: `a final answer of ${name}` }
  await until(attempt, wait)
  return { name, answers, replay: await until(attempt, wait) }
}

interface Sending {
  readonly operation: string
  readonly body: object
  readonly key: string
}

/** Sends a request; `undefined` where the client has gone away before it was answered. */
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

/** Sends a transfer. `timeout`: how long it may take; `client`: is aborted when the client goes away. */
export function send(
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

const longestPauseMs = 40
// So many that a statement as short as BEGIN, should it come, does not end between two of them.
const cancelsAtOnce = 3_000

/** Cancels whatever two of a service's sessions do, again and again, until it is told to stop. */
export async function cancelAtRandom(
  databaseUrl: string,
  random: Random,
): Promise<{ stop(): Promise<void> }> {
  const admin = new DriverClient({ connectionString: databaseUrl })
  // One that is closing may still be told that its database is dropped.
  admin.on('error', () => {})
  await admin.connect()
  let isOver = false
  const cancelling = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, random() * longestPauseMs))
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

/** The seed of the environment, or another each time. */
export function seedOf(text: string | undefined): number {
  if (text === undefined || text === '') return Math.floor(Math.random() * 2 ** 31)
  const seed = Number(text)
  if (Number.isInteger(seed)) return seed
  throw new HoldfastError('seed-invalid', `FAULT_SEED is "${text}". Give it a whole number.`)
}
