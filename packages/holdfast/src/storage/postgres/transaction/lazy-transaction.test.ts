import { expect, test } from 'vitest'
import { ownWork } from '../../../kernel/host/work.ts'
import type { Connection } from '../session/connection.ts'
import { LazyTransaction } from './lazy-transaction.ts'

// Tests each defense in isolation: with a real server, another one would act first.

type Run = (statement: { readonly text: string }) => Promise<object>

function transactionOn(connection: {
  readonly run: Run
  readonly settled?: () => Promise<void>
}): LazyTransaction {
  const given = {
    together: (begin: () => unknown) => begin(),
    roleReset: [],
    flush: (statements: readonly { readonly text: string }[], last: () => unknown) => ({
      sent: statements.map((statement) => connection.run(statement)),
      last: last(),
    }),
    settled: async () => {},
    enterSchemaEpoch: () => undefined,
    reset() {},
    transactionStatus: 'T',
    ...connection,
  } as unknown as Connection
  const pool = { acquire: async () => given, end: async () => {} }
  return new LazyTransaction(pool, ownWork(AbortSignal.timeout(60_000)), 60_000)
}

test('a COMMIT that says ROLLBACK has committed nothing', async () => {
  const transaction = transactionOn({
    run: async ({ text }: { readonly text: string }) => ({
      command: text === 'COMMIT' ? 'ROLLBACK' : 'SELECT',
      rows: [{ epoch: 1 }],
    }),
  })
  await expect(transaction.commit([])).rejects.toMatchObject({ code: 'transaction-aborted' })
})

test('a commit waits for statements that its handler did not wait for', async () => {
  const events: string[] = []
  const transaction = transactionOn({
    settled: async () => void events.push('settled'),
    async run({ text }: { readonly text: string }) {
      events.push(text)
      return { command: text, rows: [{ epoch: 1 }] }
    },
  })
  await transaction.commit([])
  expect(events.filter((event) => ['settled', 'COMMIT'].includes(event))).toEqual(['settled', 'COMMIT'])
})
