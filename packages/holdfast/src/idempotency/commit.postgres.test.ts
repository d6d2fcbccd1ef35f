import { randomUUIDv7 } from 'node:crypto'
import { type Answer, createLogger, type RunningService, systemClock } from 'holdfast'
import { createTestDatabase, type TestDatabase, until } from 'holdfast/testing'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CuttingProxy, startCuttingProxy } from '../../test/cutting-proxy.ts'
import { createEffectsService } from '../../test/effects/effects-service.ts'

let database: TestDatabase
let proxy: CuttingProxy
let running: RunningService
let looking: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  proxy = await startCuttingProxy(database.url)
  looking = new pg.Client({ connectionString: database.url })
  await looking.connect()
  running = await createEffectsService().start({
    env: { DATABASE_URL: proxy.url },
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  })
})

afterAll(async () => {
  await running.stop()
  await looking.end()
  await proxy.close()
  await database.drop()
})

const send = (operation: string, name: string, key?: string): Promise<Answer> =>
  running.call({
    operation,
    input: { path: {}, query: {}, body: { name } },
    header: (header) => (header === 'idempotency-key' ? key : undefined),
  })

const countOf = async (name: string): Promise<number> => {
  const { rows } = await looking.query<{ count: number }>(
    'select count(*)::int from effects where name = $1',
    [name],
  )
  return rows[0]!.count
}

const codeOf = (answer: Answer): unknown => (JSON.parse(answer.body ?? '{}') as { code?: string }).code

test('a connection cut before COMMIT: rolled back, said so, and a retry runs afresh', async () => {
  const [name, key] = [randomUUIDv7(), randomUUIDv7()]
  proxy.cutNext('before')
  const lost = await send('record', name, key)
  expect([lost.status, codeOf(lost)]).toEqual([503, 'database-unavailable'])
  expect(await countOf(name)).toBe(0)
  const retried = await send('record', name, key)
  expect(retried.status).toBe(201)
  expect(retried.headers).not.toHaveProperty('idempotency-replayed')
  expect(await countOf(name)).toBe(1)
})

test.each(['after', 'silent'] as const)(
  'a COMMIT whose reply is lost (%s) is found to have happened',
  async (cut) => {
    const [name, key] = [randomUUIDv7(), randomUUIDv7()]
    const cuts = proxy.cuts
    proxy.cutNext(cut)
    const answer = await send('record', name, key)
    expect(proxy.cuts).toBe(cuts + 1)
    expect(answer.status).toBe(201)
    expect(await countOf(name)).toBe(1)
    const again = await send('record', name, key)
    expect(again.body).toBe(answer.body)
    expect(again.headers['idempotency-replayed']).toBe('true')
  },
)

test('without a key nobody can tell, and the answer says so', async () => {
  const name = randomUUIDv7()
  proxy.cutNext('after')
  const answer = await send('recordOptionally', name)
  expect([answer.status, codeOf(answer)]).toEqual([503, 'outcome-unknown'])
  expect(answer.headers['retry-after']).toBe('1')
})

test('where the database cannot be asked either, the same key is safe to send again', async () => {
  const [name, key] = [randomUUIDv7(), randomUUIDv7()]
  const cuts = proxy.cuts
  proxy.cutNext('after')
  const pending = send('record', name, key)
  await until(() => proxy.cuts === cuts + 1, { everyMs: 0 })
  // With the reply, every way to the database is gone.
  await proxy.close()
  const answer = await pending
  expect([answer.status, codeOf(answer)]).toEqual([503, 'outcome-unknown'])
  expect(await countOf(name)).toBe(1)
}, 20_000)
