import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../../../kernel/base/clock.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import { noTelemetry } from '../../../kernel/telemetry/telemetry.ts'
import { workerStopping } from './abort-reasons.ts'
import type { AttemptOutcome } from './attempt-outcome.ts'
import { AttemptRunner, type AttemptRunnerParts, type JobToRun } from './attempt-runner.ts'
import type { AttemptScope } from './attempt-scope.ts'

const log: Partial<Logger> = { debug() {}, info() {}, warn() {}, error() {}, child: () => log as Logger }
const host = { service: 'shop', clock: systemClock, log, telemetry: noTelemetry }

function createRunner(onEnded: AttemptRunnerParts['onEnded'] = () => {}): AttemptRunner {
  return new AttemptRunner({ ...host, onEnded } as unknown as AttemptRunnerParts)
}

function claimed(id: string, claim: number): JobToRun {
  const job = { name: 'pay', deadline: '1m' }
  return { job, row: { id, claim, name: 'pay', failures: 0, age_ms: 0 } } as unknown as JobToRun
}

/** Waits until the attempt is aborted, and returns the outcome for an aborted attempt. */
function untilAborted({ deadline }: AttemptScope): Promise<AttemptOutcome> {
  return new Promise((resolve) => deadline.signal.addEventListener('abort', () => resolve('released')))
}

test('two claims of one job are two attempts, and the end of one does not affect the other', async () => {
  const runner = createRunner()
  const first = Promise.withResolvers<AttemptOutcome>()
  const ended = runner.run(claimed('a', 1), () => first.promise)
  void runner.run(claimed('a', 2), untilAborted)
  first.resolve('lost')
  await ended
  expect(runner.scopes.map(({ row }) => row.claim)).toEqual([2])
  await runner.stop(0)
})

test('an attempt whose function rejects ends as lost', async () => {
  const outcomes: AttemptOutcome[] = []
  const runner = createRunner(({ outcome }) => outcomes.push(outcome))
  await runner.run(claimed('a', 1), () => Promise.reject(new Error('no connection')))
  expect(outcomes).toEqual(['lost'])
  expect(runner.size).toBe(0)
})

test('a stop lets attempts end within the grace period', async () => {
  const runner = createRunner()
  const working = Promise.withResolvers<AttemptOutcome>()
  let scope: AttemptScope | undefined
  void runner.run(claimed('a', 1), (opened) => {
    scope = opened
    return working.promise
  })
  const stopped = runner.stop(1_000_000)
  await nextTurn()
  expect(scope?.deadline.aborted).toBe(false)
  working.resolve('succeeded')
  await stopped
  expect(runner.released).toEqual([])
  expect(runner.closing.aborted).toBe(true)
})

test('a stop aborts attempts after the grace period, and lists the released jobs', async () => {
  const runner = createRunner()
  let reason: unknown
  void runner.run(claimed('a', 1), async (scope) => {
    const outcome = await untilAborted(scope)
    reason = scope.deadline.reason
    return outcome
  })
  await runner.stop(0)
  expect(reason).toBe(workerStopping)
  expect(runner.released).toEqual(['a'])
})

test('a stop drops the outcomes that are not stored in time', async () => {
  const runner = createRunner()
  void runner.run(claimed('a', 1), () => new Promise(() => {}))
  await runner.stop(0)
  expect(runner.size).toBe(1)
  expect(runner.closing.aborted).toBe(true)
})
