import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'holdfast/embedded'
import { type TestDatabase } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeBank, startFakeBank } from '../../../examples/ledger/src/fake-bank.ts'
import { createTestFolder } from '../src/testing/test-folder.ts'
import type { Observation } from './observation.ts'
import { createApiKey, startLedger } from './ledger-server.ts'
import type { ServerProcess } from './server-process.ts'
import { checkStorm, storm } from './storm.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/*
 * Goal: even if servers, connections and Postgres fail at the same time, no acknowledged effect is
 * lost or duplicated.
 *
 * Method: clients send several concurrent duplicates of each request of the ledger to two servers,
 * while servers are killed (SIGKILL), backends are terminated and Postgres crashes. In this test,
 * Postgres writes its data to disk, because acknowledged effects must survive its crashes. The
 * clients record every response, and a separate process compares the responses with the database.
 * The bank, a fake third party, counts its payments.
 *
 * Control: a ledger that keeps its keys in a separate store must duplicate transfers.
 */

/** `STORM_KEYS=20000 npm test storm` makes a longer storm. */
const keys = Number(process.env['STORM_KEYS'] ?? 120)
const least = {
  keys,
  serverKills: Math.ceil(keys / 40),
  backendKills: Math.ceil(keys / 4),
  postgresRestarts: Math.ceil(keys / 150),
}
const limitMs = 480_000 * Math.max(1, keys / 1_000)

let folder: string
let bank: FakeBank
let servers: ServerProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-storm-'))
  bank = await startFakeBank()
})

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
  await bank.stop()
  await rm(folder, { recursive: true })
})

async function startServers(main: string, databaseUrl: string): Promise<readonly ServerProcess[]> {
  const start = (): Promise<ServerProcess> => startLedger(databaseUrl, { BANK_URL: bank.url }, main)
  servers = await Promise.all([start(), start()])
  return servers
}

test(
  'duplicates, SIGKILL, terminated backends and crashes of Postgres: nothing is lost or duplicated',
  async () => {
    // A dedicated server that writes its data to disk, because acknowledged effects must survive
    // its crash.
    const directory = await createTestFolder()
    const postgres: EmbeddedPostgres = await startEmbeddedPostgres({ directory })
    try {
      const file = join(folder, 'observations.json')
      const started = await startServers('./ledger-main.ts', postgres.url)
      const report = await storm({
        servers: started,
        authorization: await createApiKey(started[0]!),
        databaseUrl: postgres.url,
        file,
        concurrency: 6,
        duplicates: 3,
        restartPostgres: () => postgres.restart('immediate'),
        isEnough: (progress) =>
          (Object.keys(least) as (keyof typeof least)[]).every((count) => progress[count] >= least[count]),
        limit: `${limitMs}ms`,
      })
      expect(await checkStorm(postgres.url, file)).toEqual([])
      const observations = JSON.parse(await readFile(file, 'utf8')) as readonly Observation[]
      expect(await findPaymentViolations(postgres.url, observations)).toEqual([])
      const answers = observations.flatMap((observation) => observation.answers)
      const replays = answers.filter(({ isReplay }) => isReplay).length
      const refused = answers.filter(({ status }) => status >= 400).length
      console.info(
        `storm of ${report.seconds} s: ${report.keys} keys, ${report.requests} requests, ${replays} replays, ${refused} refusals, ${report.serverKills} SIGKILLs, ${report.backendKills} backends terminated, ${report.postgresRestarts} crashes of Postgres, ${bank.payments} payments of ${bank.calls.size}`,
      )
      // Without these conditions, the test could pass without testing anything: duplicates must
      // have run at the same time, and requests must have been rejected.
      expect(replays).toBeGreaterThan(observations.length / 2)
      expect(refused).toBeGreaterThan(0)
      expect(bank.payments).toBeGreaterThan(0)
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
      await postgres.stop()
      await rm(directory, { recursive: true, force: true })
    }
  },
  limitMs + 300_000,
)

/**
 * Returns the broken invariants of payouts: each accepted payout must have been paid or declined
 * once, and the bank must have received no other payouts.
 */
async function findPaymentViolations(
  databaseUrl: string,
  observations: readonly Observation[],
): Promise<readonly string[]> {
  const looking = new DriverClient({ connectionString: databaseUrl })
  await looking.connect()
  const { rows } = await looking.query<{ iban: string; states: readonly string[] }>(
    'select iban, array_agg(state::text) as states from payouts group by iban',
  )
  await looking.end()
  const states = new Map(rows.map((row) => [row.iban, row.states]))
  const wrong = observations
    .filter(({ kind }) => kind === 'payout')
    .flatMap(({ iban, key, answers }) => {
      const wasAccepted = answers.some(({ status }) => status === 202)
      const found = states.get(iban) ?? []
      const isRight = wasAccepted ? found.length === 1 && found[0] !== 'pending' : found.length === 0
      return isRight
        ? []
        : [`payout: key ${key} was ${wasAccepted ? 'accepted' : 'refused'}, and is ${found.join(', ')}`]
    })
  const paid = [...states.values()].flat().filter((state) => state === 'paid').length
  return [
    ...wrong,
    ...(paid === bank.payments
      ? []
      : [`payments: the bank made ${bank.payments}, and ${paid} payouts are paid`]),
    ...(bank.calls.size === rows.length
      ? []
      : [`payments: ${bank.calls.size} keys for ${rows.length} payouts`]),
  ]
}

test('the test detects keys that are kept in a separate store', async () => {
  const database: TestDatabase = await createMigratedDatabase()
  const looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  const countDoubled = async (): Promise<number> => {
    const { rows } = await looking.query<{ count: number }>(
      `select count(*)::int from (
         select from transfers where memo not in ('payout', 'declined by the bank') group by memo having count(*) > 1
       ) as doubled`,
    )
    return rows[0]!.count
  }
  try {
    const started = await startServers('./unsafe-ledger-main.ts', database.url)
    await storm({
      servers: started,
      authorization: await createApiKey(started[0]!),
      databaseUrl: database.url,
      file: join(folder, 'observations.json'),
      concurrency: 6,
      duplicates: 3,
      isEnough: async () => (await countDoubled()) > 0,
      limit: '4m',
    })
    expect(await countDoubled()).toBeGreaterThan(0)
  } finally {
    await looking.end()
    await Promise.all(servers.map((server) => server.stop()))
    await database.drop()
  }
}, 540_000)
