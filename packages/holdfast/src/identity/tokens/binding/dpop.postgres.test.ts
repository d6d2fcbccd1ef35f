import { createHash, createPublicKey } from 'node:crypto'
import { holdfast } from 'holdfast'
import { bearerTokens } from 'holdfast/identity'
import { postgres } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { serveForTest } from '../../../runtimes/node/serve.fixture.ts'
import {
  createKey,
  type Members,
  startIssuer,
  type TestIssuer,
  type TestKey,
  toJwk,
} from '../issuer.fixture.ts'
import { whoAmI } from '../tokens.fixture.ts'

const baseUrl = 'https://api.example.com'
const client = createKey('ES256')

/** Returns a client's public key, without members that only key sets have. */
function publicJwk(key: TestKey = client): Members {
  return createPublicKey(key.privateKey).export({ format: 'jwk' }) as Members
}

let databaseUrl: string

beforeAll(async () => {
  const service = holdfast({ database: postgres() }).service({ name: 'dpop', operations: {} })
  const tested = await createTestService(service)
  ;({ databaseUrl } = tested)
  return () => tested.stop()
})

/** Starts a process of the service. */
async function startServer(issuer: TestIssuer) {
  const tokens = bearerTokens({
    issuers: [{ issuer: issuer.url, audience: issuer.audience }],
    dpop: { baseUrl },
  })
  const app = holdfast({ database: postgres(), identify: tokens })
  return serveForTest(app.service({ name: 'dpop', operations: { whoAmI } }), {
    host: '127.0.0.1',
    env: { NODE_ENV: 'test', DATABASE_URL: databaseUrl },
  })
}

async function start() {
  const issuer = await startIssuer()
  const server = await startServer(issuer)
  const jkt = await calculateJwkThumbprint(publicJwk() as JWK)
  const token = issuer.tokenAt(Date.now(), { cnf: { jkt } })
  const send = async (headers: Readonly<Record<string, string>>, url = server.url, path = '/me') => {
    const response = await fetch(url + path, { headers })
    const reasons = server.log.flatMap(({ msg, reason }) => (msg === 'access token refused' ? [reason] : []))
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      reason: reasons.at(-1),
    }
  }
  /** Returns the headers of a request with a proof, changed as given. */
  const proven = (claims: Members = {}, header: Members = {}, key: TestKey = client) => ({
    authorization: `DPoP ${token}`,
    dpop: issuer.token(
      { typ: 'dpop+jwt', alg: key.algorithm, jwk: publicJwk(key), ...header },
      {
        jti: crypto.randomUUID(),
        htm: 'GET',
        htu: `${baseUrl}/me`,
        iat: Math.floor(Date.now() / 1_000),
        ath: createHash('sha256').update(token).digest('base64url'),
        ...claims,
      },
      key,
    ),
  })
  return { issuer, server, token, send, proven }
}

const algs = 'algs="RS256 PS256 ES256 EdDSA Ed25519"'

/** Returns the outcome of a refused proof. */
function refused(reason: string) {
  return { status: 401, challenge: `DPoP error="invalid_dpop_proof", ${algs}`, reason }
}

test('a token with a proof is accepted, whatever the case of its scheme', async () => {
  const { send, proven } = await start()
  expect((await send(proven())).status).toBe(200)
  const { authorization, dpop } = proven()
  expect((await send({ authorization: authorization.replace('DPoP', 'dpop'), dpop })).status).toBe(200)
})

test('a bound token is refused as a bearer token', async () => {
  const { send, token, proven } = await start()
  expect(await send({ ...proven(), authorization: `Bearer ${token}` })).toEqual({
    status: 401,
    challenge: 'Bearer realm="dpop", error="invalid_token", DPoP realm="dpop"',
    reason: 'it is bound to a key, and was sent as a bearer token',
  })
})

test('a token that is not bound is refused with a proof', async () => {
  const { send, issuer, proven } = await start()
  expect(await send({ ...proven(), authorization: `DPoP ${issuer.tokenAt(Date.now())}` })).toEqual({
    status: 401,
    challenge: `DPoP error="invalid_token", ${algs}`,
    reason: 'it is not bound to a key',
  })
})

test('a replayed proof is refused, in the same process and in another one', async () => {
  const { issuer, send, proven } = await start()
  const other = await startServer(issuer)
  const headers = proven()
  expect((await send(headers)).status).toBe(200)
  expect(await send(headers)).toEqual(refused('its proof was used before'))
  expect((await send(headers, other.url)).status).toBe(401)
  const concurrent = proven()
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, at) => send(concurrent, at % 2 === 0 ? other.url : undefined)),
  )
  expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1)
})

test('a request without a proof, or with two, is refused', async () => {
  const { send, proven } = await start()
  const { authorization, dpop } = proven()
  expect(await send({ authorization })).toEqual(refused('it was sent without a proof'))
  expect((await send({ authorization, dpop: `${dpop}, ${dpop}` })).status).toBe(401)
})

describe('a proof is refused', () => {
  const now = () => Math.floor(Date.now() / 1_000)
  test.each<[string, () => Members, () => Members, string]>([
    ['for another method', () => ({ htm: 'POST' }), () => ({}), 'its proof is for another method'],
    ['for a method in lower case', () => ({ htm: 'get' }), () => ({}), 'its proof is for another method'],
    ['for another path', () => ({ htu: `${baseUrl}/other` }), () => ({}), 'its proof is for another URL'],
    [
      'for another host',
      () => ({ htu: 'https://evil.example/me' }),
      () => ({}),
      'its proof is for another URL',
    ],
    ['over http', () => ({ htu: 'http://api.example.com/me' }), () => ({}), 'its proof is for another URL'],
    ['without a URL', () => ({ htu: undefined }), () => ({}), 'its proof is for another URL'],
    ['from the past', () => ({ iat: now() - 62 }), () => ({}), 'its proof is from another time'],
    ['from the future', () => ({ iat: now() + 90 }), () => ({}), 'its proof is from another time'],
    ['without a time', () => ({ iat: undefined }), () => ({}), 'its proof is from another time'],
    ['without an id', () => ({ jti: undefined }), () => ({}), 'its proof has no id'],
    ['with an empty id', () => ({ jti: '' }), () => ({}), 'its proof has no id'],
    ['with a huge id', () => ({ jti: 'x'.repeat(257) }), () => ({}), 'its proof has no id'],
    ['for another token', () => ({ ath: 'AAAA' }), () => ({}), 'its proof is for another token'],
    ['without a token', () => ({ ath: undefined }), () => ({}), 'its proof is for another token'],
    ['of another type', () => ({}), () => ({ typ: 'at+jwt' }), 'its proof has another type'],
    ['without a type', () => ({}), () => ({ typ: undefined }), 'its proof has another type'],
    [
      'with the algorithm none',
      () => ({}),
      () => ({ alg: 'none' }),
      'the algorithm of its proof is not accepted',
    ],
    [
      'with a shared secret',
      () => ({}),
      () => ({ alg: 'HS256' }),
      'the algorithm of its proof is not accepted',
    ],
    ['without a key', () => ({}), () => ({ jwk: undefined }), 'its proof has no key'],
    [
      'with a private key',
      () => ({}),
      () => ({ jwk: client.privateKey.export({ format: 'jwk' }) }),
      'the key of its proof is private',
    ],
    [
      'with a symmetric key',
      () => ({}),
      () => ({ jwk: { kty: 'oct', k: 'AAAA' } }),
      'the key of its proof is not a key for ES256',
    ],
  ])('%s', async (...[, claims, header, reason]) => {
    const { send, proven } = await start()
    expect(await send(proven(claims(), header()))).toEqual(refused(reason))
  })

  test('with another key than that of the token', async () => {
    const { send, proven } = await start()
    const thief = createKey('ES256')
    expect(await send(proven({}, {}, thief))).toEqual(refused('its proof has another key'))
    expect(await send(proven({}, { jwk: publicJwk() }, thief))).toEqual(
      refused('the signature of its proof is invalid'),
    )
  })
})

test.each([
  ['another case of the host', 'HTTPS://API.Example.com/me'],
  ['the default port', 'https://api.example.com:443/me'],
  ['a query', 'https://api.example.com/me?a=1'],
  ['a fragment', 'https://api.example.com/me#a'],
  ['an escape', 'https://api.example.com/%6De'],
])('the URL of a proof may have %s', async (_, htu) => {
  const { send, proven, server } = await start()
  expect((await send(proven({ htu }), server.url, '/me?b=2')).status).toBe(200)
})

test('a service without a database does not start', async () => {
  const tokens = bearerTokens({
    issuers: [{ issuer: 'https://login.example.com', audience: 'api' }],
    dpop: { baseUrl },
  })
  const service = holdfast({ identify: tokens }).service({ name: 'none', operations: { whoAmI } })
  await expect(createTestService(service)).rejects.toThrow('`dpop` needs a database')
})

test('the key of a proof is the one that jose and the issuer know', () => {
  expect(toJwk(client)).toMatchObject(publicJwk())
})
