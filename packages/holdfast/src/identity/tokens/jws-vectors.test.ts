import { expect, test } from 'vitest'
import type { TokenAlgorithm } from './algorithms.ts'
import { createKey, encodePart } from './issuer.fixture.ts'
import { invalidSignatures } from './jws-vectors.fixture.ts'
import { startTokenService } from './tokens.fixture.ts'

test.each<TokenAlgorithm>([
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'RS256',
  'RS512',
  'PS256',
  'PS384',
])('every invalid signature of %s is refused, and the valid one is accepted', async (algorithm) => {
  const key = createKey(algorithm)
  const tested = await startTokenService({ key, issuer: { algorithms: [algorithm] } })
  const { issuer, clock } = tested
  const text = `${encodePart(issuer.header())}.${encodePart(issuer.claims(clock.now()))}`
  const vectors = invalidSignatures(text, key)
  expect(vectors.length).toBeGreaterThan(20)
  for (const { name, signature } of vectors) {
    const { status, reason } = await tested.send(`${text}.${signature.toString('base64url')}`)
    expect([name, status, reason]).toEqual([name, 401, 'its signature is invalid'])
  }
  expect((await tested.send(issuer.tokenAt(clock.now()))).status).toBe(200)
})
