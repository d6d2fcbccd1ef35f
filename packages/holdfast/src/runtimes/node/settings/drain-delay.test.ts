import { expect, test } from 'vitest'
import { shop } from '../../../transports/http/shop.fixture.ts'
import { chooseDrainDelay } from './drain-delay.ts'
import { serveForTest } from '../serve.fixture.ts'

const graceMs = 20_000

test('the drain delay comes from the option, the environment, or the mode, in this order', () => {
  const set = { DRAIN_DELAY_MS: 3_000 }
  const notSet = { DRAIN_DELAY_MS: undefined }
  const nothing = { drainDelayMs: undefined, graceMs }
  expect(chooseDrainDelay({ drainDelayMs: 40, graceMs }, set, 'production')).toBe(40)
  expect(chooseDrainDelay({ drainDelayMs: 0, graceMs }, set, 'production')).toBe(0)
  expect(chooseDrainDelay(nothing, set, 'development')).toBe(3_000)
  expect(chooseDrainDelay(nothing, { DRAIN_DELAY_MS: 0 }, 'production')).toBe(0)
  expect(chooseDrainDelay(nothing, notSet, 'production')).toBe(7_000)
  expect(chooseDrainDelay({ drainDelayMs: undefined, graceMs: 4_000 }, notSet, 'production')).toBe(2_000)
  for (const mode of ['development', 'test'] as const) expect(chooseDrainDelay(nothing, notSet, mode)).toBe(0)
})

test.each([
  ['soon', 'DRAIN_DELAY_MS is "soon"'],
  ['-1', 'DRAIN_DELAY_MS is "-1"'],
  ['1.5', 'DRAIN_DELAY_MS is "1.5"'],
  ['20000', 'DRAIN_DELAY_MS is 20000'],
])('a service does not start with DRAIN_DELAY_MS=%j', async (text, message) => {
  const env = { NODE_ENV: 'production', DRAIN_DELAY_MS: text }
  await expect(serveForTest(shop, { env, graceMs, drainDelayMs: undefined as never })).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining(message),
  })
})

test.each([-1, Number.NaN, Infinity, 20_000])(
  'a service does not start with the option drainDelayMs %d',
  async (drainDelayMs) => {
    await expect(serveForTest(shop, { graceMs, drainDelayMs })).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining(`drainDelayMs is ${drainDelayMs}`),
    })
  },
)
