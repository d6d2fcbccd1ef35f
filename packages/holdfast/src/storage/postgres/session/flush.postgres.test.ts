import { createLogger } from 'holdfast'
import { createTestDatabase, type TestDatabase } from 'holdfast/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemWork } from '../../../kernel/host/work.ts'
import type { Connection } from './connection.ts'
import { createPool, type Pool } from '../pool/pool.ts'

const log = createLogger({ level: 'error', write: () => {} })
let database: TestDatabase
let pool: Pool
let connection: Connection
beforeEach(async () => {
  database = await createTestDatabase()
  pool = createPool({ connectionString: database.url, applicationName: 'flush', log })
  connection = await pool.acquire(systemWork(AbortSignal.timeout(60_000)))
  await connection.run({ text: 'create table notes (text text)' })
})
afterEach(async () => {
  await connection.rollBack()
  connection.release()
  await pool.end()
  await database.drop()
})

const insert = (value: unknown) => ({ text: 'insert into notes values ($1)', values: [value] })
const count = async (): Promise<unknown> =>
  (await connection.run({ text: 'select count(*)::int as count from notes' })).rows[0]

const circle: Record<string, unknown> = {}
circle['circle'] = circle

test.each([
  ['a circle', { text: insert('').text, values: [circle] }],
  ['a bigint in JSON', { text: insert('').text, values: [{ a: 1n }] }],
  ['too many values', { text: 'select 1', values: Array.from({ length: 65_536 }, () => 1) }],
])(
  'a flush with a value that cannot be sent (%s) sends nothing, not even the COMMIT',
  async (_what, broken) => {
    await connection.run({ text: 'BEGIN' })
    const flush = () => connection.flush([insert('first'), broken, { text: 'COMMIT' }])
    expect(flush).toThrow(expect.objectContaining({ code: 'value-not-sendable' }))
    expect(connection.isBusy).toBe(false)
    expect(connection.transactionStatus).toBe('T')
    await connection.rollBack()
    expect(await count()).toEqual({ count: 0 })
  },
)

test('a flush sends its statements in order', async () => {
  await connection.run({ text: 'BEGIN' })
  const sent = connection.flush([insert('first'), insert('second'), { text: 'COMMIT' }])
  const commands = (await Promise.all(sent)).map(({ command }) => command)
  expect(commands).toEqual(['INSERT', 'INSERT', 'COMMIT'])
  expect(await count()).toEqual({ count: 2 })
})
