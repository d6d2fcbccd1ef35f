import { expect, test } from 'vitest'
import { shop } from '../../../transports/http/shop.fixture.ts'
import { chooseStopTimes } from './stop-times.ts'
import { serveForTest } from '../serve.fixture.ts'

const grace = '20s'

test('the drain delay comes from the option, the environment, or the mode, in this order', () => {
  const set = { DRAIN_DELAY: 3_000 }
  const notSet = { DRAIN_DELAY: undefined }
  const delayOf = (...asked: Parameters<typeof chooseStopTimes>): number =>
    chooseStopTimes(...asked).drainDelayMs
  expect(delayOf({ drainDelay: '40ms', grace }, set, 'production')).toBe(40)
  expect(delayOf({ drainDelay: '0s', grace }, set, 'production')).toBe(0)
  expect(delayOf({}, set, 'development')).toBe(3_000)
  expect(delayOf({}, { DRAIN_DELAY: 0 }, 'production')).toBe(0)
  expect(delayOf({}, notSet, 'production')).toBe(7_000)
  expect(delayOf({ grace: '4s' }, notSet, 'production')).toBe(2_000)
  for (const mode of ['development', 'test'] as const) expect(delayOf({}, notSet, mode)).toBe(0)
  expect(chooseStopTimes({}, notSet, 'test').graceMs).toBe(20_000)
})

test.each([
  ['soon', 'DRAIN_DELAY is "soon"'],
  ['-1s', 'DRAIN_DELAY is "-1s"'],
  ['7000', 'DRAIN_DELAY is "7000"'],
  ['11m', 'DRAIN_DELAY is "11m"'],
  ['20s', 'DRAIN_DELAY is 20s'],
])('a service does not start with DRAIN_DELAY=%j', async (text, message) => {
  const env = { NODE_ENV: 'production', DRAIN_DELAY: text }
  await expect(serveForTest(shop, { env, grace, drainDelay: undefined as never })).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining(message),
  })
})

test.each([
  ['-1s', 'duration-invalid'],
  [7_000, 'duration-invalid'],
  ['20s', 'configuration-invalid'],
])('a service does not start with the option drainDelay %j', async (drainDelay, code) => {
  await expect(serveForTest(shop, { grace, drainDelay: drainDelay as never })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(
      /The option drainDelay is .*(Use a number and a unit|less than the option grace)/,
    ),
  })
})
