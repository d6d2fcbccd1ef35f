import { createFakeClock } from 'holdfast/testing'
import { expect, test } from 'vitest'
import type { Call } from '../../kernel/call/call.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import { commit, type CommitParts } from './commit.ts'

// Tests each defence in isolation: with a real server, another one applies first.

const call = {
  operation: { name: 'pay', place: 'here' },
  deadline: { remainingMs: () => 0 },
  log: { warn() {}, info() {} },
} as unknown as Call

function connectionThat(commits: Promise<{ readonly command: string }>): Connection {
  const run = ({ text }: { readonly text: string }): Promise<unknown> =>
    text === 'COMMIT' ? commits : Promise.resolve({ command: 'SELECT', rows: [] })
  return {
    roleReset: [],
    flush: (statements: readonly { readonly text: string }[], last: () => unknown) => ({
      sent: statements.map(run),
      last: last(),
    }),
    run,
    reset() {},
    destroy() {},
  } as unknown as Connection
}

function partsWith(clock: CommitParts['clock']): CommitParts {
  const gathered = { statements: () => [], committed() {} }
  return { clock, gathered, marker: { text: '1' }, place: { write: [0] } } as unknown as CommitParts
}

test('a COMMIT that says ROLLBACK has committed nothing', async () => {
  const committing = commit(
    connectionThat(Promise.resolve({ command: 'ROLLBACK' })),
    call,
    partsWith(createFakeClock()),
  )
  await expect(committing).rejects.toMatchObject({ code: 'transaction-aborted' })
})

test('a COMMIT is waited for, even if the deadline of its call has come', async () => {
  const clock = createFakeClock()
  const { promise, resolve } = Promise.withResolvers<{ readonly command: string }>()
  const committing = commit(connectionThat(promise), call, partsWith(clock))
  clock.advance(4_000)
  resolve({ command: 'COMMIT' })
  await expect(committing).resolves.toBeUndefined()
})
