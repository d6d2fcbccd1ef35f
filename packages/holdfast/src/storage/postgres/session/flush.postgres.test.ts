import { randomUUID } from 'node:crypto'
import { createLogger } from 'holdfast'
import { createTestDatabase, type TestDatabase } from 'holdfast/testing'
import type { QueryResult } from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CuttingProxy, startCuttingProxy } from '../../../../test/cutting-proxy.ts'
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

describe.each(['pg', 'holdfast'] as const)('on the wire of %s', (wire) => {
  let proxy: CuttingProxy
  let watched: Pool
  let own: Connection
  let sent: string[]
  beforeEach(async () => {
    sent = []
    proxy = await startCuttingProxy(database.url, ({ type }, sender) => {
      if (sender === 'frontend' && type !== '') sent.push(type)
    })
    watched = createPool({ connectionString: proxy.url, applicationName: 'watched', log, wire })
    own = await watched.acquire(systemWork(AbortSignal.timeout(60_000)))
  })
  afterEach(async () => {
    await own.rollBack()
    own.release()
    await watched.end()
    await proxy.close()
  })

  const begin = { name: 'holdfast_begin', text: 'BEGIN' }
  const commit = { name: 'holdfast_commit', text: 'COMMIT' }
  const select = { name: 'holdfast_select', text: 'select 7 as seven' }
  const divide = (by: number) => ({
    name: 'holdfast_divide',
    text: 'select 1 / $1::int as result',
    values: [by],
  })
  /** Returns the types of the messages that `send` sends. */
  async function messagesOf(send: () => Promise<unknown>): Promise<string> {
    sent.length = 0
    await send()
    // The answer to this statement comes after the answers to the others. Its text is unique, so it
    // is not prepared.
    await own.run({ text: `select '${randomUUID()}'` })
    return sent.slice(0, sent.indexOf('Q')).join('')
  }

  test('a group ends with one Sync, and a statement is described once per session', async () => {
    const transaction = () => own.runTogether([[begin, select, commit]])
    expect(await messagesOf(transaction)).toBe('PBDE PBDE PBDE S'.replaceAll(' ', ''))
    expect(await messagesOf(transaction)).toBe('BE BE BE S'.replaceAll(' ', ''))
    const [, { rows, fields }] = (await transaction()) as [unknown, QueryResult]
    expect(rows).toEqual([{ seven: 7 }])
    expect(fields).toMatchObject([{ name: 'seven', dataTypeID: 23 }])
  })

  test('a statement that was parsed is prepared, even if it failed', async () => {
    await expect(own.run(divide(0))).rejects.toMatchObject({ code: '22012' })
    expect(await messagesOf(() => own.run(divide(1)))).toBe('BDES')
  })

  test('a statement that was skipped is not prepared', async () => {
    await expect(own.runTogether([[divide(0), select]])).rejects.toMatchObject({ code: '22012' })
    expect(await messagesOf(() => own.run(select))).toBe('PBDES')
    expect((await own.run(select)).rows).toEqual([{ seven: 7 }])
  })

  test('the server skips everything after a failure, including COMMIT', async () => {
    await own.run(begin)
    const flushed = await Promise.allSettled(own.flush([insert('kept?'), divide(0), insert('no'), commit]))
    const reasons = flushed.map((each) => (each.status === 'rejected' ? each.reason : undefined))
    const skipped = expect.objectContaining({ name: 'StatementSkipped' })
    expect(reasons).toEqual([undefined, expect.objectContaining({ code: '22012' }), skipped, skipped])
    expect(own.transactionStatus).toBe('E')
    await own.rollBack()
    expect(await count()).toEqual({ count: 0 })
  })

  test('a failure after COMMIT does not undo it', async () => {
    await own.run(begin)
    const flushed = await Promise.allSettled(own.flush([insert('kept'), commit], divide(0)))
    expect(flushed.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(await count()).toEqual({ count: 1 })
  })

  test('COMMIT has its own Sync', async () => {
    await own.run(begin)
    expect(await messagesOf(() => Promise.all(own.flush([commit], select)))).toBe('PBDESPBDES')
  })

  test('a statement before BEGIN has its own snapshot', async () => {
    const serializable = { name: 'holdfast_begin', text: 'BEGIN ISOLATION LEVEL SERIALIZABLE' }
    const groups = [[select], [serializable, { text: 'select 1 as one' }]]
    const [first, , second] = await own.runTogether(groups)
    expect([first!.rows, second!.rows]).toEqual([[{ seven: 7 }], [{ one: 1 }]])
  })
})
