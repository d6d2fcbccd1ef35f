import { expect, test } from 'vitest'
import { until } from '../../testing/until.ts'
import { limitedWork } from './work.ts'

test('limited work ends at its limit', async () => {
  const { deadline } = limitedWork(1)
  await until(() => deadline.aborted)
  expect(deadline.reason).toMatchObject({ name: 'TimeoutError' })
})

test('limited work ends when its owner stops', () => {
  const stopping = new AbortController()
  const { deadline } = limitedWork(60_000, stopping.signal)
  expect(deadline.aborted).toBe(false)
  stopping.abort('stopped')
  expect(deadline.reason).toBe('stopped')
})
