import { randomUUIDv7 } from 'node:crypto'
import { until } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import { expect, test } from 'vitest'
import { findLastingViolations } from './invariants.ts'
import type { Observation, ObservedAnswer } from './observation.ts'
import { createApiKey, startLedger } from './ledger-server.ts'
import type { ServerProcess } from './server-process.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/*
 * Goal: if a server is killed while it writes a transfer, the transfer is booked once, and no
 * acknowledged transfer is lost.
 *
 * Method: each of three servers in turn is killed (SIGKILL) during a transfer, and the transfer is
 * retried at another server. The time of the kill is random within the duration of a write,
 * measured just before. The run continues until enough servers have died before they answered.
 */

/** `MID_WRITE_KILLS=100 npm test mid-write` kills more servers. */
const kills = Number(process.env['MID_WRITE_KILLS'] ?? 8)
// A server is killed at a random time, from 0 to this multiple of the duration of a write. Servers
// must be killed before, in and after the transaction. With a larger margin, more servers would
// have answered before they died, and these servers do not count.
const margin = 1.2

test(`kill -9 of ${kills} servers in mid-write: each transfer is booked once, and no acknowledged transfer is lost`, async () => {
  const database = await createMigratedDatabase()
  const looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  const start = (): Promise<ServerProcess> => startLedger(database.url)
  const first = await start()
  const authorization = await createApiKey(first)
  const post: Post = (server, path, request) => send(server, path, { ...request, authorization })
  // Sends a transfer again until its response is final.
  const retry = (server: ServerProcess, request: Request): Promise<ObservedAnswer> =>
    until(
      async () => {
        const answer = await post(server, '/transfers', request)
        return answer.status < 500 && !answer.body.includes('idempotency-key-in-flight') ? answer : undefined
      },
      { what: 'a final answer' },
    )
  const servers = [first, ...(await Promise.all([start(), start()]))]
  const restarts: Promise<void>[] = []
  const observations: Observation[] = []
  const seen = { killed: 0, 'before its commit': 0, 'after its commit': 0 }

  const open = async (): Promise<string> => {
    const answer = await post(first, '/accounts', {
      key: randomUUIDv7(),
      body: { name: 'A', currency: 'EUR' },
    })
    return (JSON.parse(answer.body) as { readonly id: string }).id
  }
  const isBooked = async (memo: string): Promise<boolean> =>
    (await looking.query('select from transfers where memo = $1', [memo])).rows.length > 0

  try {
    const [from, to] = [await open(), await open()]
    await post(first, '/deposits', { key: randomUUIDv7(), body: { account: from, amount: 1_000_000 } })
    for (let turn = 0; seen.killed < kills; turn += 1) {
      const index = turn % servers.length
      const [server, other] = [servers[index]!, servers[(index + 1) % servers.length]!]
      await restarts[index]
      // This deposit opens connections and compiles code, so that the next request is only a write.
      const deposit = { account: from, amount: 1 }
      await post(server, '/deposits', { key: randomUUIDv7(), body: deposit })
      const beganMs = performance.now()
      await post(server, '/deposits', { key: randomUUIDv7(), body: deposit })
      const usualMs = performance.now() - beganMs
      const key = randomUUIDv7()
      const request = { key, body: { from, to, amount: 1, memo: key } }
      const sending = post(server, '/transfers', request).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * usualMs * margin))
      restarts[index] = server.killAndRestart()
      const answer = await sending
      if (!answer) {
        seen.killed += 1
        seen[(await isBooked(key)) ? 'after its commit' : 'before its commit'] += 1
      }
      await restarts[(index + 1) % servers.length]
      const answers = [...(answer ? [answer] : []), await retry(other, request), await retry(other, request)]
      observations.push({ key, kind: 'transfer', iban: '', answers })
    }
    await Promise.all(restarts)
    expect(await findLastingViolations(looking, observations)).toEqual([])
    expect(observations.flatMap(({ answers }) => answers).filter(({ status }) => status !== 201)).toEqual([])
    console.info(
      `${observations.length} transfers, ${seen.killed} servers killed before they answered: ${seen['before its commit']} before the commit was seen, ${seen['after its commit']} after it`,
    )
  } finally {
    await Promise.all(restarts)
    await Promise.all(servers.map((server) => server.stop()))
    await looking.end()
    await database.drop()
  }
}, 600_000)

interface Request {
  readonly key: string
  readonly body: object
}

type Post = (server: ServerProcess, path: string, request: Request) => Promise<ObservedAnswer>

async function send(
  server: ServerProcess,
  path: string,
  { key, body, authorization }: Request & { readonly authorization: string },
): Promise<ObservedAnswer> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  })
  return {
    status: response.status,
    body: await response.text(),
    isReplay: response.headers.get('idempotency-replayed') === 'true',
  }
}
