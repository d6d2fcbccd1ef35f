import { createTestDatabase, type TestDatabase, until } from 'holdfast/testing'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findViolations } from './invariants.ts'
import { countUnfinished, findJobViolations } from './job-invariants.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { storm, type StormReport } from './storm.ts'

/** `CRASH_SECONDS=600 npm test storm` runs the storm for longer. */
const seconds = Number(process.env['CRASH_SECONDS'] ?? 60)

let database: TestDatabase
let looking: pg.Client
let servers: ServerProcess[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  looking = new pg.Client({ connectionString: database.url })
  await looking.connect()
})

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
  await looking.end()
  await database.drop()
})

async function stormOn(main: string, stormSeconds: number): Promise<StormReport> {
  const env = { DATABASE_URL: database.url, LOG_LEVEL: 'error' }
  const start = (): Promise<ServerProcess> => startServer(new URL(main, import.meta.url), env)
  servers = await Promise.all([start(), start()])
  return storm({
    servers,
    databaseUrl: database.url,
    seconds: stormSeconds,
    concurrency: 6,
    duplicates: 3,
    killServerEveryMs: 1_500,
    killBackendsEveryMs: 250,
  })
}

test(
  'duplicates, SIGKILL and terminated backends: nothing is lost, nothing is doubled',
  async () => {
    const report = await stormOn('./ledger-main.ts', seconds)
    // What was cut off in the middle is over as soon as the server has noticed.
    await until(async () => (await findViolations(looking, report.observations)).length === 0, {
      timeoutMs: 5_000,
    }).catch(() => {})
    expect(await findViolations(looking, report.observations)).toEqual([])
    // What a process was killed over is taken over when it has been silent for 15 s.
    await until(async () => (await countUnfinished(looking)) === 0, {
      timeoutMs: 60_000,
      what: 'the end of all jobs',
    })
    expect(await findJobViolations(looking)).toEqual([])
    const replays = report.observations
      .flatMap(({ answers }) => answers)
      .filter(({ isReplay }) => isReplay).length
    console.info(
      `storm of ${seconds} s: ${report.observations.length} keys, ${report.requests} requests, ${replays} replays, ${report.serverKills} SIGKILLs, ${report.backendKills} backends terminated`,
    )
    // A storm that disturbed nothing would have shown nothing.
    expect(report.serverKills).toBeGreaterThan(seconds / 5)
    expect(report.backendKills).toBeGreaterThan(seconds)
    expect(replays).toBeGreaterThan(report.observations.length / 2)
  },
  (seconds + 120) * 1_000,
)

test('the same storm catches a record that is kept in a store of its own', async () => {
  const report = await stormOn('./unsafe-ledger-main.ts', Math.min(seconds, 8))
  const violations = await findViolations(looking, report.observations)
  expect(violations.filter((violation) => violation.startsWith('doubled'))).not.toEqual([])
}, 120_000)
