import { createTestDatabase, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { createApiKey, startLedger } from './ledger-server.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/*
 * Goal: if several processes start at the same time on an empty database, all of them serve, and
 * each migration is applied once.
 *
 * Method: ten processes of the ledger start at the same time. Each must answer, and all outputs
 * together must name each recorded migration once.
 */

test('ten processes that start at once on an empty database all serve, and each migration is applied once', async () => {
  const database = await createTestDatabase()
  const looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  const servers = await Promise.all(Array.from({ length: 10 }, () => startLedger(database.url)))
  try {
    const authorization = await createApiKey(servers[0]!)
    // On a busy machine, a server may answer 503 or 504 at first.
    const answers = servers.map(({ url }) =>
      until(
        async () => {
          const response = await fetch(`${url}/accounts`, { headers: { authorization } })
          const answer: unknown = await response.json()
          return response.status < 500 && { status: response.status, answer }
        },
        { timeout: '4m', what: `an answer of ${url}` },
      ),
    )
    expect(await Promise.all(answers)).toEqual(servers.map(() => ({ status: 200, answer: { items: [] } })))
    const { rows } = await looking.query<{ migration: string }>(
      `select owner || '/' || name as migration from holdfast.migrations`,
    )
    const recorded = rows.map(({ migration }) => migration).toSorted()
    expect(recorded).toEqual(expect.arrayContaining(['app/0001-ledger', 'holdfast/0001-idempotency-keys']))
    // Each output names the migrations that its process applied. Together they name each migration
    // once.
    const applied = servers.flatMap(({ output }) => output().match(/Applied the migration \S+/g) ?? [])
    expect(applied.toSorted()).toEqual(recorded.map((migration) => `Applied the migration ${migration}`))
  } finally {
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual(servers.map(() => 0))
    await looking.end()
    await database.drop()
  }
})
