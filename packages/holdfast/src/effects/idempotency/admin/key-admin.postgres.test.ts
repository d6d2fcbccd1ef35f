import { anyone, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { listKeys } from './list-keys.ts'
import { countPrunableKeys, pruneKeys } from './prune-keys.ts'
import { showKey } from './show-key.ts'
import { ageKeys } from '../stored-keys.fixture.ts'
import { openDriverPool } from '../../../storage/postgres/session/driver-client.ts'

const { mutation, service } = holdfast({
  database: postgres(),
  identify: ({ header }) => {
    const id = header('authorization')
    return id === undefined ? undefined : { kind: 'user', id }
  },
})

const greet = mutation({
  route: 'POST /greetings',
  access: anyone('a test'),
  input: z.object({ name: z.string() }),
  output: z.object({ text: z.string() }),
  status: 201,
  run: ({ input }) => ({ text: `Hello ${input.name}` }),
})
const tested = service({ name: 'key-admin-test', operations: { greet } })

let on: TestService<typeof tested.operations>
let pool: pg.Pool
beforeEach(async () => {
  on = await createTestService(tested, { onLog: () => {} })
  pool = openDriverPool({ connectionString: on.databaseUrl, max: 1 })
  // Dropping the database terminates idle connections, which the tests no longer need.
  pool.on('error', () => {})
})
afterEach(async () => {
  await pool.end()
  await on.stop()
})

async function call(key: string, user?: string): Promise<void> {
  const headers = {
    'Content-Type': 'application/json',
    'Idempotency-Key': `"${key}"`,
    ...(user === undefined ? {} : { Authorization: user }),
  }
  const answer = await on.fetch('/greetings', { method: 'POST', headers, body: '{"name":"Ada"}' })
  expect(answer.status).toBe(201)
}

const age = (key: string, interval: string): Promise<void> => ageKeys(on, interval, key)
const ada = '[null,"user","ada"]'

test('keys are listed, newest first, by caller, key and time', async () => {
  await call('first')
  await call('second', 'ada')
  await call('third', 'ada')
  await age('first', '2 days')
  expect(await listKeys(pool)).toEqual(
    [
      ['third', ada],
      ['second', ada],
      ['first', ''],
    ].map(([key, scope]) => ({
      service: 'key-admin-test',
      scope,
      key,
      status: 201,
      bodyBytes: 20,
      isSealed: false,
      createdAt: expect.any(Date),
    })),
  )
  const keys = async (options: Parameters<typeof listKeys>[1]): Promise<string[]> =>
    (await listKeys(pool, options)).map(({ key }) => key)
  expect(await keys({ scope: '' })).toEqual(['first'])
  expect(await keys({ key: 'second' })).toEqual(['second'])
  expect(await keys({ limit: 1 })).toEqual(['third'])
  const yesterday = new Date(Date.now() - 86_400_000)
  expect(await keys({ since: yesterday })).toEqual(['third', 'second'])
  expect(await keys({ until: yesterday })).toEqual(['first'])
})

test.each([0, 1_001, 1.5])('a list with the limit %d is rejected', async (limit) => {
  await expect(listKeys(pool, { limit })).rejects.toMatchObject({ code: 'key-list-invalid' })
})

test('a key is shown with its answer', async () => {
  await call('first')
  expect(await showKey(pool, 'first')).toMatchObject({
    scope: '',
    status: 201,
    headers: { 'content-type': 'application/json' },
    body: '{"text":"Hello Ada"}',
  })
  await expect(showKey(pool, 'absent')).rejects.toMatchObject({ code: 'key-unknown' })
})

test('a key of several callers is shown for one of them', async () => {
  await call('shared')
  await call('shared', 'ada')
  await expect(showKey(pool, 'shared')).rejects.toMatchObject({
    code: 'key-ambiguous',
    message: expect.stringContaining(`(no caller), ${ada}`),
  })
  expect(await showKey(pool, 'shared', { scope: ada })).toMatchObject({ scope: ada })
  expect(await showKey(pool, 'shared', { scope: '' })).toMatchObject({ scope: '' })
})

test('older keys are deleted, in as many batches as necessary', async () => {
  await call('young')
  // Inserts more rows than fit on the pages that one statement reads.
  await on.sql(`
    insert into holdfast.idempotency_keys_3 (id, service, scope, key, fingerprint, status, headers, body, created_at)
    select gen_random_uuid(), '', '', n::text, '', 204, '{}', repeat('x', 1500), now() - interval '8 days'
    from generate_series(1, 12000) as n`)
  expect(await countPrunableKeys(pool, '7d')).toBe(12_000)
  expect(await pruneKeys(pool, '7d')).toBe(12_000)
  expect((await listKeys(pool)).map(({ key }) => key)).toEqual(['young'])
  await expect(pruneKeys(pool, '0s')).rejects.toMatchObject({ code: 'duration-invalid' })
})
