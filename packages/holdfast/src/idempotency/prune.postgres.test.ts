import { createLogger, systemClock } from 'holdfast'
import { createTestDatabase, until } from 'holdfast/testing'
import pg from 'pg'
import { expect, test } from 'vitest'
import { createEffectsService } from '../../test/effects/effects-service.ts'

test('answers older than the retention are deleted, in batches, and younger ones are kept', async () => {
  const database = await createTestDatabase()
  const pruned = await createEffectsService({ retention: '1h', pruneEvery: '20ms' }).start({
    env: { DATABASE_URL: database.url },
    mode: 'test',
    clock: systemClock,
    log: createLogger({ write: () => {} }),
    notify: () => {},
  })
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await client.query(
      `insert into holdfast.idempotency_keys (scope, key, fingerprint, status, headers, body, created_at)
       select '', n::text, '', 200, '{}', null,
         now() - case when n <= 2500 then interval '61 minutes' else interval '59 minutes' end
       from generate_series(1, 2600) as n`,
    )
    const kept = await until(async () => {
      const { rows } = await client.query<{ count: number }>(
        'select count(*)::int as count from holdfast.idempotency_keys',
      )
      return rows[0]!.count <= 100 && rows
    })
    expect(kept).toEqual([{ count: 100 }])
  } finally {
    await client.end()
    await pruned.stop()
    await database.drop()
  }
})
