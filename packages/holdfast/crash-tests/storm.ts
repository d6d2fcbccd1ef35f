import { randomUUIDv7 } from 'node:crypto'
import pg from 'pg'
import type { ServerProcess } from './server-process.ts'

/** What a client learned of one key. */
export interface Observation {
  readonly key: string
  readonly from: string
  readonly to: string
  readonly amount: number
  /** Every final answer that it got, one for each duplicate: status and bytes. */
  readonly answers: { readonly status: number; readonly body: string; readonly isReplay: boolean }[]
}

/** What a storm does. */
export interface StormOptions {
  readonly servers: readonly ServerProcess[]
  readonly databaseUrl: string
  readonly seconds: number
  /** How many keys are under way at once. */
  readonly concurrency: number
  /** How often each request is sent at the same time, each until it has its final answer. */
  readonly duplicates: number
  /** A server is killed about this often, in milliseconds. */
  readonly killServerEveryMs: number
  /** A few backends are terminated about this often, in milliseconds. */
  readonly killBackendsEveryMs: number
}

/** What came of a storm. */
export interface StormReport {
  readonly observations: readonly Observation[]
  readonly requests: number
  readonly serverKills: number
  readonly backendKills: number
}

const accountCount = 8
const openingBalance = 100_000

/** Sends transfers, each several times, to servers that are being killed, until the time is over and every key has its answer. */
export async function storm(options: StormOptions): Promise<StormReport> {
  const { servers, seconds, concurrency, duplicates } = options
  const endMs = performance.now() + seconds * 1_000
  let requests = 0

  const count = <T>(work: Promise<T>): Promise<T> => {
    requests += 1
    return work
  }
  const accounts = await openAccounts(servers[0]!.url)
  const disruption = disrupt(options, () => performance.now() < endMs)
  const observations: Observation[] = []

  async function client(): Promise<void> {
    while (performance.now() < endMs) {
      const [from, to] = pickTwo(accounts)
      const observation: Observation = {
        key: randomUUIDv7(),
        from,
        to,
        amount: 1 + Math.floor(Math.random() * 500),
        answers: [],
      }
      observations.push(observation)
      const send = (): Promise<void> => sendUntilFinal(observation, servers, count)
      await Promise.all(Array.from({ length: duplicates }, send))
    }
  }

  await Promise.all(Array.from({ length: concurrency }, client))
  const { backendKills } = await disruption
  return {
    observations,
    requests,
    backendKills,
    serverKills: servers.reduce((sum, server) => sum + server.kills, 0),
  }
}

async function openAccounts(url: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let index = 0; index < accountCount; index += 1) {
    const account = await post(url, '/accounts', {
      key: randomUUIDv7(),
      body: { name: `Account ${index}`, currency: 'EUR' },
    })
    const { id } = (await account.json()) as { id: string }
    await post(url, '/deposits', { key: randomUUIDv7(), body: { account: id, amount: openingBalance } })
    ids.push(id)
  }
  return ids
}

function post(
  url: string,
  path: string,
  { key, body }: { readonly key: string; readonly body: object },
): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
}

/** One of the duplicates: sends the request again and again, to any server, until the answer is one that is final. */
async function sendUntilFinal(
  observation: Observation,
  servers: readonly ServerProcess[],
  count: <T>(work: Promise<T>) => Promise<T>,
): Promise<void> {
  const { key, from, to, amount } = observation
  for (;;) {
    const server = servers[Math.floor(Math.random() * servers.length)]!
    try {
      const answer = await count(
        post(server.url, '/transfers', { key, body: { from, to, amount, memo: key } }),
      )
      const body = await answer.text()
      if (isFinal(answer.status, body)) {
        const isReplay = answer.headers.get('idempotency-replayed') === 'true'
        observation.answers.push({ status: answer.status, body, isReplay })
        return
      }
    } catch {
      // The server was killed, or is not up yet: exactly when a client sends again.
    }
    await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 40))
  }
}

function isFinal(status: number, body: string): boolean {
  if (status === 201) return true
  return status === 409 && !body.includes('idempotency-key-in-flight')
}

function pickTwo(accounts: readonly string[]): readonly [string, string] {
  const first = Math.floor(Math.random() * accounts.length)
  const second = (first + 1 + Math.floor(Math.random() * (accounts.length - 1))) % accounts.length
  return [accounts[first]!, accounts[second]!]
}

async function disrupt(
  options: StormOptions,
  goesOn: () => boolean,
): Promise<{ readonly backendKills: number }> {
  let backendKills = 0
  const admin = new pg.Client({ connectionString: options.databaseUrl, application_name: 'storm' })
  await admin.connect()

  async function killServers(): Promise<void> {
    for (let turn = 0; goesOn(); turn += 1) {
      await jitter(options.killServerEveryMs)
      if (goesOn()) await options.servers[turn % options.servers.length]!.killAndRestart()
    }
  }

  async function killBackends(): Promise<void> {
    while (goesOn()) {
      await jitter(options.killBackendsEveryMs)
      const { rowCount } = await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name like 'holdfast%' order by random() limit 3`,
      )
      backendKills += rowCount ?? 0
    }
  }

  await Promise.all([killServers(), killBackends()])
  await admin.end()
  return { backendKills }
}

function jitter(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms * (0.5 + Math.random())))
}
