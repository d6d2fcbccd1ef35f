import { randomUUIDv7 } from 'node:crypto'
import { type Answer, createLogger, type RunningService, systemClock } from 'holdfast'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Cut,
  type CuttingProxy,
  isCommit,
  isCommitted,
  startCuttingProxy,
} from '../../../test/cutting-proxy.ts'
import { createEffectsService } from '../../../test/effects/effects-service.ts'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'

let database: TestDatabase
let proxy: CuttingProxy
let running: RunningService
let looking: pg.Client

beforeAll(async () => {
  database = await createMigratedDatabase()
  proxy = await startCuttingProxy(database.url)
  looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  running = await createEffectsService({ deadline: '5s' }).start({
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

const send = async (operation: string, name: string, key?: string): Promise<Answer> =>
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

const beforeCommit: Cut = { sender: 'frontend', where: isCommit, place: 'before', mode: 'destroyed' }
const afterCommit: Cut = { sender: 'backend', where: isCommitted, place: 'before', mode: 'destroyed' }

test('a mutation whose connection is cut before COMMIT is rolled back and reported, and a retry runs again', async () => {
  const [name, key] = [randomUUIDv7(), randomUUIDv7()]
  proxy.cut(beforeCommit)
  const lost = await send('record', name, key)
  expect([lost.status, codeOf(lost)]).toEqual([503, 'database-unavailable'])
  expect(await countOf(name)).toBe(0)
  const retried = await send('record', name, key)
  expect(retried.status).toBe(201)
  expect(retried.headers).not.toHaveProperty('idempotency-replayed')
  expect(await countOf(name)).toBe(1)
})

test.each(['destroyed', 'silent'] as const)(
  'a COMMIT whose reply is lost (%s) is recognized as committed',
  async (mode) => {
    const [name, key] = [randomUUIDv7(), randomUUIDv7()]
    const cut = proxy.cut({ ...afterCommit, mode })
    const answer = await send('record', name, key)
    expect(cut.hasHappened).toBe(true)
    expect(answer.status).toBe(201)
    expect(await countOf(name)).toBe(1)
    const again = await send('record', name, key)
    expect(again.body).toBe(answer.body)
    expect(again.headers['idempotency-replayed']).toBe('true')
  },
)

test('a client that vanishes while sending holds its key for seconds, not forever', async () => {
  const [name, key] = [randomUUIDv7(), randomUUIDv7()]
  // The claim's statement is sent, but the Sync after it never arrives: the transaction is neither
  // idle nor running a statement.
  const cut = proxy.cut({
    sender: 'frontend',
    where: ({ type }) => type === 'S',
    place: 'before',
    mode: 'silent',
  })
  expect((await send('record', name, key)).status).toBe(504)
  expect(cut.hasHappened).toBe(true)
  const answer = await until(
    async () => {
      const retried = await send('record', name, key)
      return retried.status === 201 && retried
    },
    { every: '100ms' },
  )
  expect(answer.headers).not.toHaveProperty('idempotency-replayed')
  expect(await countOf(name)).toBe(1)
})

test('without a key the outcome is unknown, and the answer reports that', async () => {
  const name = randomUUIDv7()
  proxy.cut(afterCommit)
  const answer = await send('recordOptionally', name)
  expect([answer.status, codeOf(answer)]).toEqual([503, 'outcome-unknown'])
  expect(answer.headers['retry-after']).toBe('1')
})

test('if the database is unreachable too, the same key is safe to retry', async () => {
  const [name, key] = [randomUUIDv7(), randomUUIDv7()]
  const cut = proxy.cut(afterCommit)
  const pending = send('record', name, key)
  await until(() => cut.hasHappened, { every: '0s' })
  // All connections to the database are lost together with the reply.
  await proxy.close()
  const answer = await pending
  expect([answer.status, codeOf(answer)]).toEqual([503, 'outcome-unknown'])
  expect(await countOf(name)).toBe(1)
})
