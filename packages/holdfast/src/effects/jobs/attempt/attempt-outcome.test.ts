import { RetryLater } from 'holdfast'
import { expect, test } from 'vitest'
import type { Job } from '../../../kernel/background/job.ts'
import { maxSnoozes } from '../../../kernel/background/retry-later.ts'
import { resolveFailure } from './attempt-outcome.ts'
import type { ClaimedRow } from '../queries/claim.ts'

const job = { name: 'paid', retry: { attempts: 3 }, concurrency: undefined } as unknown as Job
const judge = (error: unknown, row: Partial<ClaimedRow> = {}) =>
  resolveFailure(error, {
    job,
    row: { attempt: 1, failures: 0, snoozes: 0, ...row } as ClaimedRow,
    abortReason: undefined,
  })

test('a snooze costs no attempt, after any number of failures', () => {
  const end = judge(new RetryLater('1m', 'busy'), { failures: 2 })
  expect(end).toMatchObject({
    state: 'scheduled',
    isSnooze: true,
    delayMs: 60_000,
    failure: { message: 'busy' },
  })
  expect(end?.isFailure).toBeUndefined()
})

test('a snooze costs an attempt if requested, or after too many snoozes', () => {
  const counting = new RetryLater('1m', 'busy', { countsAsAttempt: true })
  expect(judge(counting)).toMatchObject({ state: 'scheduled', isFailure: true, delayMs: 60_000 })
  expect(judge(counting, { failures: 2 })).toMatchObject({ state: 'dead' })
  const last = { snoozes: maxSnoozes - 1 }
  expect(judge(new RetryLater('0s', 'busy'), last)).toMatchObject({ isSnooze: true })
  const over = { snoozes: maxSnoozes }
  expect(judge(new RetryLater('0s', 'busy'), over)).toMatchObject({ state: 'scheduled', isFailure: true })
  expect(judge(new RetryLater('0s', 'busy'), { ...over, failures: 2 })).toMatchObject({ state: 'dead' })
})
