import { createTestDatabase } from 'holdfast/testing'
import pg from 'pg'
import { expect, test } from 'vitest'
import { startServer } from './server-process.ts'

test('ten processes that start at once on an empty database all serve, each migration applied once', async () => {
  const database = await createTestDatabase()
  const looking = new pg.Client({ connectionString: database.url })
  await looking.connect()
  const start = () =>
    startServer(new URL('./ledger-main.ts', import.meta.url), {
      DATABASE_URL: database.url,
      LOG_LEVEL: 'error',
    })
  const servers = await Promise.all(Array.from({ length: 10 }, start))
  try {
    const answers = await Promise.all(servers.map(async ({ url }) => (await fetch(`${url}/accounts`)).json()))
    expect(answers).toEqual(servers.map(() => ({ items: [] })))
    const { rows } = await looking.query(
      'select owner, name, count(*)::int from holdfast.migrations group by owner, name order by owner, name',
    )
    expect(rows).toEqual([
      { owner: 'app', name: '0001-ledger', count: 1 },
      { owner: 'app', name: '0002-background', count: 1 },
      { owner: 'holdfast', name: '0001-idempotency-keys', count: 1 },
      { owner: 'holdfast', name: '0001-jobs', count: 1 },
      { owner: 'holdfast', name: '0001-messages', count: 1 },
      { owner: 'holdfast', name: '0001-secrets', count: 1 },
    ])
    // Ten lines, each with the migrations that its process applied: together every one of them, once.
    const applied = servers.flatMap(({ output }) => output().match(/Applied the migration \S+/g) ?? [])
    expect(applied.toSorted()).toEqual([
      'Applied the migration app/0001-ledger',
      'Applied the migration app/0002-background',
      'Applied the migration holdfast/0001-idempotency-keys',
      'Applied the migration holdfast/0001-jobs',
      'Applied the migration holdfast/0001-messages',
      'Applied the migration holdfast/0001-secrets',
    ])
  } finally {
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual(servers.map(() => 0))
    await looking.end()
    await database.drop()
  }
}, 90_000)
