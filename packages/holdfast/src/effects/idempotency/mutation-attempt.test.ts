import { createFakeClock } from 'holdfast/testing'
import { expect, test } from 'vitest'
import type { Call } from '../../kernel/call/call.ts'
import { newUsage, systemWork } from '../../kernel/host/work.ts'
import { poolOf } from '../../storage/postgres/transaction/transaction.fixture.ts'
import { MutationAttempt } from './mutation-attempt.ts'
import type { MutationParts } from './mutation-parts.ts'

test('a call waits for its COMMIT, even after its deadline', async () => {
  const clock = createFakeClock()
  const sent = Promise.withResolvers<void>()
  const committed = Promise.withResolvers<object>()
  const pool = poolOf({
    run({ text }) {
      if (text !== 'COMMIT') return Promise.resolve({})
      sent.resolve()
      return committed.promise
    },
  })
  const call = {
    operation: { name: 'pay', definedAt: 'here', isolation: 'read committed' },
    deadline: { remainingMs: () => 0 },
    usage: newUsage(),
  } as unknown as Call
  const parts = {
    pool,
    clock,
    bind: () => ({ within: (run: () => unknown) => run() }),
    externalCalls: { within: (_work: unknown, run: () => unknown) => run() },
  } as unknown as MutationParts
  const attempt = new MutationAttempt(call, parts, {
    claim: undefined,
    place: { read: [], write: [] },
    form: undefined as never,
    work: systemWork(AbortSignal.timeout(60_000)),
  })
  const answer = { status: 204, headers: {}, body: null }
  const running = attempt.run(async () => answer)
  await sent.promise
  clock.advance(4_000)
  committed.resolve({ command: 'COMMIT' })
  expect(await running).toBe(answer)
})
