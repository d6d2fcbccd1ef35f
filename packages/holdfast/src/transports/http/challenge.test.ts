import { signedIn } from 'holdfast'
import { expect, test } from 'vitest'
import { createChallenge } from './challenge.ts'

test('two kinds of bearer tokens are one challenge', () => {
  const challenge = createChallenge(signedIn(), {
    name: 'shop',
    securitySchemes: {
      apiKey: { scheme: 'bearer', description: 'An API key.' },
      session: { in: 'cookie', name: '__Host-session' },
      bearer: { scheme: 'bearer' },
    },
  })
  const answer = { status: 401, headers: {}, body: null }
  expect(challenge(answer, () => undefined)).toBe(
    'Bearer realm="shop", Cookie realm="shop", cookie-name="__Host-session"',
  )
  expect(challenge(answer, () => 'Bearer a')).toBe(
    'Bearer realm="shop", error="invalid_token", Cookie realm="shop", cookie-name="__Host-session"',
  )
})
