import type { PasswordHasher } from 'holdfast/auth'
import { expect, test } from 'vitest'
import { password, startAccounts } from './accounts.fixture.ts'

test('if too many passwords wait, calls that need a hash get a 503 before they run a statement', async () => {
  const started = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const hasher: PasswordHasher = {
    async hash(text) {
      started.resolve()
      await released.promise
      return text
    },
    verify: () => Promise.resolve(false),
    needsRehash: () => false,
  }
  const { tested, browser, codeOf } = await startAccounts({
    passwords: { hasher, concurrency: 1, maxWaiting: 0 },
  })
  const running = tested.send('signUp', { email: 'ann@example.com', password }, { headers: browser })
  await started.promise

  const email = 'bob@example.com'
  const refused = [
    ['signIn', { email, password }],
    ['signUp', { email, password }],
    ['verifyEmail', { token: 'a', password }],
    ['resetPassword', { token: 'a', password }],
  ] as const
  for (const [operation, input] of refused) {
    const usage = { statements: 0, databaseMs: 0 }
    const answer = await tested.send(operation, input as never, { headers: browser, usage })
    expect([operation, codeOf(answer), usage.statements]).toEqual([operation, '503 unavailable', 0])
    expect(answer.headers['retry-after']).toBe('1')
  }
  // A call that needs no hash is served.
  expect((await tested.send('requestPasswordReset', { email }, { headers: browser })).status).toBe(202)

  released.resolve()
  expect((await running).status).toBe(202)
  expect(codeOf(await tested.send('signIn', { email, password }, { headers: browser }))).toBe(
    '401 credentials-invalid',
  )
})
