import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { createKey, type Members, type TestKey, toJwk } from './issuer.fixture.ts'
import { startTokenService, type TokenOutcome, type TokenService } from './tokens.fixture.ts'

const accepted = expect.objectContaining({ status: 200 }) as TokenOutcome
const down = expect.objectContaining({ status: 503 }) as TokenOutcome

/** Sends a new valid token signed with a key. */
function sendWith(tested: TokenService, key: TestKey = tested.issuer.key): Promise<TokenOutcome> {
  const { issuer, clock } = tested
  return tested.send(
    issuer.token(issuer.header({ kid: key.id, alg: key.algorithm }), issuer.claims(clock.now()), key),
  )
}

function countLoads({ issuer }: TokenService): number {
  return issuer.requests.filter((path) => path === '/jwks').length
}

/** Makes the issuer answer every request with 500. */
function breakIssuer({ issuer }: TokenService): void {
  issuer.respond = (_, response) => {
    response.writeHead(500).end()
    return true
  }
}

test('keys are loaded with the first token, and not at the start', async () => {
  const tested = await startTokenService()
  expect(tested.issuer.requests).toEqual([])
  expect(await sendWith(tested)).toEqual(accepted)
  expect(tested.issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
  for (const _ of Array(3)) expect(await sendWith(tested)).toEqual(accepted)
  expect(countLoads(tested)).toBe(1)
})

test('concurrent calls wait for one load', async () => {
  const tested = await startTokenService()
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => sendWith(tested)))
  expect(outcomes.every(({ status }) => status === 200)).toBe(true)
  expect(countLoads(tested)).toBe(1)
})

test('a new key is loaded with its first token; unknown keys load at most once in ten seconds', async () => {
  const tested = await startTokenService()
  expect(await sendWith(tested)).toEqual(accepted)
  const next = createKey('ES256')
  tested.issuer.keys = [toJwk(tested.issuer.key), toJwk(next)]
  tested.clock.advance(9_999)
  for (const _ of Array(5)) expect(await sendWith(tested, createKey('ES256'))).toMatchObject({ status: 401 })
  expect(countLoads(tested)).toBe(1)
  tested.clock.advance(1)
  expect(await sendWith(tested, next)).toEqual(accepted)
  for (const _ of Array(5)) expect(await sendWith(tested, createKey('ES256'))).toMatchObject({ status: 401 })
  expect(countLoads(tested)).toBe(2)
})

test('a removed key is refused, also with a token that was accepted before', async () => {
  const tested = await startTokenService({ issuer: { clockSkew: '0s' } })
  const token = tested.issuer.tokenAt(tested.clock.now(), {
    exp: Math.floor(tested.clock.now() / 1_000) + 3_600,
  })
  expect(await tested.send(token)).toEqual(accepted)
  tested.issuer.keys = [toJwk(createKey('ES256'))]
  tested.clock.advance(600_000)
  expect(await tested.send(token)).toMatchObject({
    status: 401,
    reason: 'its issuer has no key with this id',
  })
})

test('keys are loaded again in the background, before a call has to wait for them', async () => {
  const tested = await startTokenService()
  expect(await sendWith(tested)).toEqual(accepted)
  const held = Promise.withResolvers<void>()
  tested.issuer.respond = (request, response) => {
    void held.promise.then(() => {
      tested.issuer.respond = () => false
      tested.issuer.answer(request, response)
    })
    return true
  }
  tested.clock.advance(300_000)
  expect(await sendWith(tested)).toEqual(accepted)
  expect(countLoads(tested)).toBe(1)
  held.resolve()
  await until(() => countLoads(tested) === 2, { what: 'the keys to be loaded again' })
})

test('known keys are used for a day while the issuer is down', async () => {
  const tested = await startTokenService()
  expect(await sendWith(tested)).toEqual(accepted)
  breakIssuer(tested)
  for (const hours of [1, 22, 0.9]) {
    tested.clock.advance(hours * 3_600_000)
    expect(await sendWith(tested)).toEqual(accepted)
  }
  tested.clock.advance(0.1 * 3_600_000)
  expect(await sendWith(tested)).toEqual(down)
  tested.issuer.respond = () => false
  tested.clock.advance(10_000)
  expect(await sendWith(tested)).toEqual(accepted)
})

test('an issuer that is down from the start is asked at most once in ten seconds', async () => {
  const tested = await startTokenService()
  breakIssuer(tested)
  for (const _ of Array(5)) expect(await sendWith(tested)).toEqual(down)
  expect(tested.issuer.requests).toHaveLength(2)
  expect(tested.lines.filter(({ msg }) => msg === 'keys of an issuer not loaded')).toHaveLength(1)
  tested.issuer.respond = () => false
  tested.clock.advance(10_000)
  expect(await sendWith(tested)).toEqual(accepted)
})

test('a redirect of the key set is not followed', async () => {
  const tested = await startTokenService()
  tested.issuer.respond = (request, response) => {
    if (request.url !== '/jwks') return false
    response.writeHead(302, { location: `${tested.issuer.url}/elsewhere` }).end()
    return true
  }
  expect(await sendWith(tested)).toEqual(down)
  expect(tested.issuer.requests).not.toContain('/elsewhere')
})

test('a key set of unlimited size is not read to its end', async () => {
  const tested = await startTokenService()
  let sent = 0
  tested.issuer.respond = (request, response) => {
    if (request.url !== '/jwks') return false
    const chunk = 'x'.repeat(65_536)
    const write = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length
      sent += chunk.length
    }
    response.on('drain', write)
    write()
    return true
  }
  expect(await sendWith(tested)).toEqual(down)
  expect(JSON.stringify(tested.lines)).toContain('more than 524288 bytes')
  // Beyond the limit, only the buffers of the connection are filled.
  expect(sent).toBeLessThan(16 * 1_024 * 1_024)
})

test.each<[string, Members, string]>([
  ['another issuer', { issuer: 'https://attacker.example.com' }, 'its "issuer" is'],
  ['a key set over http', { jwks_uri: 'http://attacker.example.com/jwks' }, 'its "jwks_uri" must use https'],
  ['a key set in a file', { jwks_uri: 'file:///etc/passwd' }, 'its "jwks_uri" must use https'],
  ['no key set', { jwks_uri: undefined }, 'its "jwks_uri" is missing'],
])('metadata with %s is refused', async (_, metadata, reason) => {
  const tested = await startTokenService()
  tested.issuer.metadata = metadata
  expect(await sendWith(tested)).toEqual(down)
  expect(countLoads(tested)).toBe(0)
  const line = tested.lines.find(({ msg }) => msg === 'keys of an issuer not loaded')
  expect(line).toMatchObject({ error: { message: expect.stringContaining(reason) as string } })
})

test('metadata of RFC 8414 is read if there is none of OpenID Connect', async () => {
  const tested = await startTokenService()
  const { issuer } = tested
  issuer.respond = (request, response) => {
    if (request.url !== '/.well-known/oauth-authorization-server') return false
    response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }))
    return true
  }
  issuer.metadata = { issuer: 'https://other.example.com' }
  expect(await sendWith(tested)).toEqual(down)
  issuer.respond = (request, response) => {
    if (request.url === '/.well-known/openid-configuration') response.writeHead(404).end()
    else if (request.url === '/.well-known/oauth-authorization-server')
      response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }))
    else return false
    return true
  }
  tested.clock.advance(10_000)
  expect(await sendWith(tested)).toEqual(accepted)
})

test.each<[string, string, (key: TestKey) => unknown]>([
  ['private', 'is private', (key) => ({ ...toJwk(key), ...key.privateKey.export({ format: 'jwk' }) })],
  ['symmetric', 'is not a key for ES256', (key) => ({ kty: 'oct', k: 'AAAA', kid: key.id })],
  ['for encryption', 'is not for signatures', (key) => toJwk(key, { use: 'enc' })],
  ['for signing only', 'is not for verification', (key) => toJwk(key, { key_ops: ['sign'] })],
  ['for another algorithm', 'is for another algorithm', (key) => toJwk(key, { alg: 'ES384' })],
])('a key that is %s is not used', async (_, issue, toServed) => {
  const tested = await startTokenService()
  tested.issuer.keys = [toServed(tested.issuer.key)]
  expect(await sendWith(tested)).toMatchObject({ status: 401, reason: `its key ${issue}` })
})

test.each([
  ['of 1024 bits', {}, 'has fewer than 2048 bits'],
  ['without a modulus', { n: undefined }, 'has fewer than 2048 bits'],
])('an RSA key %s is not used', async (_, more, issue) => {
  const tested = await startTokenService({ key: createKey('RS256', 'weak', 1024) })
  tested.issuer.keys = [toJwk(tested.issuer.key, more)]
  expect(await sendWith(tested)).toMatchObject({ status: 401, reason: `its key ${issue}` })
})

test.each(['AQ', 'Ag', 'AA', ''])('an RSA key with the exponent %j is not used', async (e) => {
  const tested = await startTokenService({ key: createKey('RS256') })
  tested.issuer.keys = [toJwk(tested.issuer.key, { e })]
  expect(await sendWith(tested)).toMatchObject({ status: 401, reason: 'its key has an invalid exponent' })
})

test('a token without a key id needs a key set in which only one key suits it', async () => {
  const tested = await startTokenService()
  const { issuer, clock } = tested
  const send = () => tested.send(issuer.token(issuer.header({ kid: undefined }), issuer.claims(clock.now())))
  issuer.keys = [toJwk(issuer.key), toJwk(createKey('RS256'))]
  expect(await send()).toEqual(accepted)
  issuer.keys = [toJwk(issuer.key), toJwk(createKey('ES256'))]
  clock.advance(600_000)
  expect(await send()).toMatchObject({ status: 401, reason: 'several keys of its issuer match it' })
})

test('two keys with one id are distinguished by their algorithms', async () => {
  const tested = await startTokenService()
  const { issuer } = tested
  const other = createKey('RS256', issuer.key.id)
  issuer.keys = [toJwk(issuer.key), toJwk(other), 'no key', null]
  expect(await sendWith(tested)).toEqual(accepted)
  expect(await sendWith(tested, other)).toEqual(accepted)
})

test.each([['text'], [null], [{ keys: {} }], [{ keys: Array(101).fill({}) }]])(
  'the key set of case %# is refused',
  async (document) => {
    const tested = await startTokenService()
    tested.issuer.respond = (request, response) => {
      if (request.url !== '/jwks') return false
      response.end(JSON.stringify(document))
      return true
    }
    expect(await sendWith(tested)).toEqual(down)
  },
)

test('an accepted token is verified once, and then costs no promise', async () => {
  const tested = await startTokenService()
  const { issuer, clock, running } = tested
  const token = issuer.tokenAt(clock.now())
  expect(await tested.send(token)).toEqual(accepted)
  const header = (name: string) => (name === 'authorization' ? `Bearer ${token}` : undefined)
  const input = { path: {}, query: {}, body: undefined }
  expect(running.call({ operation: 'whoAmI', input, header })).toMatchObject({ status: 200 })
})
