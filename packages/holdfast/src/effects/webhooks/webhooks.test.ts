import { event, type Duration } from 'holdfast'
import { webhooks } from 'holdfast/webhooks'
import { expect, test } from 'vitest'
import { z } from 'zod'

const Moved = event('account.moved', { payload: z.object({}) })
const invalid = '5 minutes' as Duration

test.each([
  ['timeout', { timeout: invalid }],
  ['disableAfter', { disableAfter: invalid }],
  ['retention', { retention: invalid }],
  ['retry.schedule', { retry: { schedule: ['1s', invalid] as const } }],
])('rejects a %s that is not a duration, and names the option', (option, options) => {
  expect(() => webhooks({ events: [Moved], ownerOf: () => undefined, ...options })).toThrow(
    `The option ${option} of webhooks is "5 minutes", which is not a valid duration`,
  )
})
