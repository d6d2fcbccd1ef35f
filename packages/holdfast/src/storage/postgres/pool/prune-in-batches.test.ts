import { createLogger } from 'holdfast'
import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { until } from '../../../testing/until.ts'
import { pruneInBatches } from './prune-in-batches.ts'

function started(sizes: readonly (readonly number[])[], isResponsible?: () => boolean) {
  const clock = createFakeClock()
  const limits: number[] = []
  const task = pruneInBatches({
    failure: 'deleting old rows failed',
    clock,
    log: createLogger({ write: () => {} }),
    everyMs: 60_000,
    batch: 10,
    ...(isResponsible && { isResponsible }),
    async prune(limit) {
      limits.push(limit)
      return sizes[limits.length - 1] ?? [0]
    },
  })
  return { clock, limits, task }
}

test('after a full batch of any kind of rows, the next batch follows at once', async () => {
  const { clock, limits, task } = started([
    [10, 0],
    [3, 10],
    [9, 9],
  ])
  await until(() => {
    clock.advance(0)
    return limits.length === 3
  })
  expect(limits).toEqual([10, 10, 10])
  clock.advance(0)
  await Promise.resolve()
  expect(limits).toHaveLength(3)
  await until(() => {
    clock.advance(60_000)
    return limits.length > 3
  })
  await task.stop()
})

test('a process prunes nothing until it is responsible for pruning', async () => {
  let isResponsible = false
  const { clock, limits, task } = started([], () => isResponsible)
  await Promise.resolve()
  clock.advance(120_000)
  await new Promise(setImmediate)
  expect(limits).toEqual([])
  isResponsible = true
  await until(() => {
    clock.advance(60_000)
    return limits.length > 0
  })
  await task.stop()
})
