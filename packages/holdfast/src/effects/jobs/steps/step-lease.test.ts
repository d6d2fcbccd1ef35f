import { expect, test } from 'vitest'
import type { AttemptScope } from '../attempt/attempt-scope.ts'
import { leaseOver } from '../attempt/abort-reasons.ts'
import { resolveFailure } from '../attempt/attempt-outcome.ts'
import { StepRunner } from './step-runner.ts'

test('a step does not start after the lease of its worker has expired, and the job runs again', async () => {
  const job = { name: 'pay-out', definedAt: 'here', retry: {}, concurrency: undefined }
  const row = { id: 'a', name: 'pay-out', claim: 1, failures: 0 }
  const work = { deadline: { throwIfAborted() {} } }
  const scope = { job, row, work, holdsLease: () => false } as unknown as AttemptScope
  const steps = new StepRunner(scope, () => false)
  let hasPaid = false
  const paying = steps.toStep()('pay', () => {
    hasPaid = true
  })
  await expect(paying).rejects.toBe(leaseOver)
  expect(hasPaid).toBe(false)
  const end = resolveFailure(leaseOver, { job: scope.job, row: scope.row, abortReason: undefined })
  expect(end).toMatchObject({ state: 'scheduled' })
  expect(end?.isFailure).toBeUndefined()
})
