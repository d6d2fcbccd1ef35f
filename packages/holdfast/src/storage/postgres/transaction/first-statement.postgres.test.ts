import { createLogger, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemWork } from '../../../kernel/host/work.ts'
import { createPool, type Pool } from '../pool/pool.ts'
import { uniformLimits } from '../queries/begin-transaction.ts'
import { StatementSender } from '../session/statement-sender.ts'
import { Transaction } from './transaction.ts'

// The first statement of a handler begins its transaction, and is sent with BEGIN.

const log = createLogger({ level: 'error', write: () => {} })
const { service } = holdfast({ database: postgres() })
let on: TestService<Record<string, never>>
let pool: Pool
beforeEach(async () => {
  on = await createTestService(service({ name: 'first', operations: {} }), { worker: false })
  pool = createPool({ connectionString: on.databaseUrl, applicationName: 'first', log, max: 1 })
  await run('create table notes (text text, ratio real)')
})
afterEach(async () => {
  vi.restoreAllMocks()
  await pool.end()
  await on.stop()
})

const work = () => systemWork(new AbortController().signal)
const begin = () => new Transaction(pool, work(), { limits: uniformLimits(300_000) })
const note = (text: string) => ({ text: 'insert into notes (text) values ($1)', values: [text] })

async function run(text: string): Promise<readonly object[]> {
  const connection = await pool.acquire(work())
  try {
    return (await connection.run({ text })).rows as object[]
  } finally {
    connection.release()
  }
}

const notes = async (): Promise<unknown> =>
  (await run('select text from notes order by text')).map((row) => Object.values(row)[0])

/** Replaces the texts of the framework's statements, and records the groups that are sent. */
function sendInstead(texts: Readonly<Record<string, string>>): void {
  const send = Reflect.get(StatementSender.prototype, 'send')
  vi.spyOn(StatementSender.prototype, 'send').mockImplementation(function (
    this: StatementSender,
    statement,
    sendable,
  ) {
    const text = texts[statement.text]
    return send.call(
      this,
      text === undefined ? statement : { ...statement, name: undefined, text },
      sendable,
    ) as never
  })
}

test('a first statement is committed together with the statements after it', async () => {
  await using transaction = disposable(begin())
  await transaction.query(note('one'))
  await transaction.query(note('two'))
  await transaction.commit()
  await transaction.close()
  expect(await notes()).toEqual(['one', 'two'])
})

test('a first statement does not run if BEGIN fails', async () => {
  sendInstead({ 'BEGIN ISOLATION LEVEL READ COMMITTED': 'begin nothing' })
  await using transaction = disposable(begin())
  await expect(transaction.query(note('one'))).rejects.toMatchObject({ code: '42601' })
  await transaction.close()
  expect(await notes()).toEqual([])
})

test('statements that are sent at once run in the transaction that the first one begins', async () => {
  await using transaction = disposable(begin())
  await Promise.all(['one', 'two', 'three'].map((text) => transaction.query(note(text))))
  await transaction.close()
  expect(await notes()).toEqual([])
})

test('a failed first statement fails the transaction', async () => {
  await using transaction = disposable(begin())
  await expect(transaction.query({ text: 'select 1/0' })).rejects.toMatchObject({ code: '22012' })
  await expect(transaction.query(note('one'))).rejects.toMatchObject({ code: '25P02' })
  await expect(transaction.commit()).rejects.toMatchObject({ code: 'transaction-aborted' })
  await transaction.close()
  expect(await notes()).toEqual([])
})

test('a first statement with a value that cannot be sent leaves the transaction usable', async () => {
  const circle: Record<string, unknown> = {}
  circle['circle'] = circle
  await using transaction = disposable(begin())
  await expect(transaction.query({ ...note(''), values: [circle] })).rejects.toMatchObject({
    code: 'value-not-sendable',
  })
  await transaction.query(note('one'))
  await transaction.commit()
  await transaction.close()
  expect(await notes()).toEqual(['one'])
})

test('a first statement can be a savepoint', async () => {
  await using transaction = disposable(begin())
  await transaction.query({ text: 'savepoint before' })
  await transaction.query(note('one'))
  await transaction.query({ text: 'rollback to before' })
  await transaction.query(note('two'))
  await transaction.commit()
  await transaction.close()
  expect(await notes()).toEqual(['two'])
})

test('a first statement that was prepared before a migration is prepared and run again', async () => {
  const precise = 0.123456789
  const insert = { text: 'insert into notes (ratio) values ($1)', values: [precise] }
  for (let times = 0; times < 3; times += 1) {
    await using transaction = disposable(begin())
    await transaction.query(insert)
    await transaction.commit()
  }
  await run('alter table notes alter column ratio type double precision')
  await run('truncate holdfast.schema_epoch')
  await using transaction = disposable(begin())
  await transaction.query(insert)
  await transaction.commit()
  await transaction.close()
  const ratios = await run('select ratio from notes where ratio = 0.123456789')
  expect(ratios).toEqual([{ ratio: precise }])
  expect(await run('select count(*)::int as count from notes')).toEqual([{ count: 4 }])
})

/** Closes a transaction at the end of its test. */
function disposable(transaction: Transaction): Transaction & AsyncDisposable {
  return Object.assign(transaction, { [Symbol.asyncDispose]: () => transaction.close() })
}
