import { createFakeClock } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { systemWork } from '../../../kernel/host/work.ts'
import { markDriverError } from '../errors/sql-state.ts'
import { Transaction } from './transaction.ts'
import { uniformLimits } from '../queries/begin-transaction.ts'
import { type FakeConnection, poolOf } from './transaction.fixture.ts'

// Tests each check in isolation: with a real server, a different check would fail first.

function transactionOn(connection: FakeConnection, deadline = AbortSignal.timeout(60_000)): Transaction {
  return new Transaction(poolOf(connection), systemWork(deadline), {
    limits: uniformLimits(60_000),
    owner: { name: 'pay', definedAt: 'pay.ts:3' },
  })
}

function serverError(code: string): unknown {
  return markDriverError(Object.assign(new Error('the server has refused it'), { code, severity: 'ERROR' }))
}

/** Returns a connection whose COMMIT settles as given. Other statements succeed. */
function committing(commit: () => Promise<object>, more: Partial<FakeConnection> = {}): FakeConnection {
  return { run: ({ text }) => (text === 'COMMIT' ? commit() : Promise.resolve({})), ...more }
}

test('a COMMIT whose command tag is ROLLBACK has committed nothing', async () => {
  const transaction = transactionOn(committing(async () => ({ command: 'ROLLBACK' })))
  expect(await transaction.tryCommit({})).toMatchObject({
    state: 'rolled back',
    error: { code: 'transaction-aborted' },
  })
})

test('a commit waits for statements that its handler did not await', async () => {
  const events: string[] = []
  const transaction = transactionOn({
    isBusy: true,
    whenIdle: async () => void events.push('settled'),
    async run({ text }) {
      events.push(text)
      return {}
    },
  })
  await transaction.commit()
  expect(events.filter((event) => ['settled', 'COMMIT'].includes(event))).toEqual(['settled', 'COMMIT'])
})

test('a statement that failed before COMMIT has rolled it back, with its error', async () => {
  const error = serverError('23505')
  const transaction = transactionOn({
    async run({ text }) {
      if (text === 'insert') throw error
      return text === 'COMMIT' ? { command: 'ROLLBACK' } : {}
    },
  })
  expect(await transaction.tryCommit({ last: [{ text: 'insert' }] })).toEqual({ state: 'rolled back', error })
})

test.each([
  ['the session is alive: rolled back', true, 'rolled back'],
  ['the session has ended: unknown', false, 'unknown'],
])('a COMMIT that the server refused, and %s', async (_what, isAlive, state) => {
  const error = serverError('23505')
  const refuse = (): Promise<object> => Promise.reject(error as Error)
  const transaction = transactionOn(committing(refuse, { isAlive: async () => isAlive }))
  expect(await transaction.tryCommit({})).toEqual({ state, error })
})

test('the outcome of a COMMIT without an answer is unknown, and its connection is closed', async () => {
  const clock = createFakeClock()
  let isClosed = false
  const never = (): Promise<object> => new Promise(() => {})
  const transaction = transactionOn(committing(never, { destroy: () => void (isClosed = true) }))
  const outcome = transaction.tryCommit({ wait: { clock, timeoutMs: 5_000 } })
  await new Promise(setImmediate)
  expect(isClosed).toBe(false)
  clock.advance(5_000)
  expect(await outcome).toMatchObject({ state: 'unknown', error: { code: 'database-timeout' } })
  expect(isClosed).toBe(true)
})

test('the outcome of a COMMIT is unknown if the deadline comes before its answer', async () => {
  const deadline = new AbortController()
  const transaction = transactionOn(
    committing(() => {
      deadline.abort()
      return new Promise(() => {})
    }),
    deadline.signal,
  )
  expect(await transaction.tryCommit({})).toEqual({ state: 'unknown', error: deadline.signal.reason })
})

test('nothing is sent after the deadline', async () => {
  const sent: string[] = []
  const deadline = new AbortController()
  const transaction = transactionOn(
    {
      async run({ text }) {
        sent.push(text)
        return {}
      },
    },
    deadline.signal,
  )
  await transaction.run({ text: 'select' })
  deadline.abort()
  expect(await transaction.tryCommit({})).toEqual({ state: 'rolled back', error: deadline.signal.reason })
  expect(sent).not.toContain('COMMIT')
})

test('a transaction that its handler has ended does not commit', async () => {
  const transaction = transactionOn({ run: async () => ({}), transactionStatus: 'I' })
  expect(await transaction.tryCommit({})).toMatchObject({
    state: 'rolled back',
    error: { code: 'transaction-control', message: expect.stringContaining('pay (pay.ts:3)') },
  })
})

test('a commit that the driver sent only in part is an error', async () => {
  const transaction = transactionOn({
    async run({ text }) {
      if (text === 'insert') throw new Error('the driver has failed')
      return {}
    },
  })
  await expect(transaction.tryCommit({ last: [{ text: 'insert' }] })).rejects.toMatchObject({
    code: 'key-not-stored',
  })
})

test('after its end, a transaction accepts no statement of its handler', async () => {
  const transaction = transactionOn({ run: async () => ({}) })
  transaction.end()
  await expect(transaction.query('select 1')).rejects.toMatchObject({ code: 'db-used-after-call' })
})
