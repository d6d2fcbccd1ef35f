import { randomBytes } from 'node:crypto'
import { anyone, holdfast, type Sealer } from 'holdfast'
import {
  bearerTokens,
  type JsonWebKeySet,
  type NewToken,
  tokenIssuer,
  type TrustedIssuer,
} from 'holdfast/identity'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { freePort } from '../../../test/free-port.ts'
import { startService } from '../../kernel/service/start-service.fixture.ts'
import { SecretKeys } from '../../platform/secret-keys/secret-keys.ts'
import { serveForTest } from '../../runtimes/node/serve.fixture.ts'
import { whoAmI } from '../tokens/tokens.fixture.ts'
import { PeriodKeys } from './period-keys.ts'

const weekMs = 7 * 86_400_000
const dayMs = 86_400_000
const audience = 'https://billing.example.com'
const forAnn: NewToken = { subject: 'ann', client: 'orders', audience, scopes: ['a', 'b'] }

/** Returns a service that issues tokens for its own name and for another service. */
function issuingService(issuer: string) {
  const tokens = tokenIssuer({ issuer })
  const app = holdfast({
    database: postgres(),
    identify: bearerTokens({ issuers: [tokens.trusted('orders')] }),
  })
  const createToken = app.mutation({
    route: 'POST /tokens',
    sealed: true,
    access: anyone('a test'),
    input: z.object({ token: z.unknown() }),
    output: z.object({ token: z.string() }),
    run: async ({ input, transaction }) => ({
      token: await tokens.createToken(transaction, input.token as NewToken),
    }),
  })
  return app.service({ name: 'orders', operations: { createToken, whoAmI, ...tokens.operations(app) } })
}

test('another service accepts the tokens, with the keys that it loads over HTTP', async () => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const database = await createMigratedDatabase()
  onTestFinished(() => database.drop())
  const orders = await serveForTest(issuingService(issuer), {
    port,
    host: '127.0.0.1',
    env: { NODE_ENV: 'test', DATABASE_URL: database.url },
  })
  const { token } = (await (
    await fetch(`${issuer}/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
      body: JSON.stringify({ token: forAnn }),
    })
  ).json()) as { token: string }

  const billing = holdfast({ identify: bearerTokens({ issuers: [{ issuer, audience }] }) })
  const server = await serveForTest(billing.service({ name: 'billing', operations: { whoAmI } }))
  const answer = await fetch(`${server.url}/me`, { headers: { authorization: `Bearer ${token}` } })
  expect(JSON.parse(((await answer.json()) as { who: string }).who)).toEqual({
    kind: 'user',
    id: 'ann',
    scopes: ['a', 'b'],
  })

  // The issuer itself is not in the audience.
  const own = await fetch(`${orders.url}/me`, { headers: { authorization: `Bearer ${token}` } })
  expect(own.status).toBe(401)

  const keySet = await fetch(`${issuer}/.well-known/jwks.json`)
  expect(keySet.headers.get('cache-control')).toBe('public, max-age=300')
  expect(keySet.headers.get('etag')).not.toBeNull()
  const { keys } = (await keySet.json()) as JsonWebKeySet
  expect(keys.map((key) => Object.keys(key).toSorted())).toEqual(
    Array.from({ length: 3 }, () => ['alg', 'crv', 'kid', 'kty', 'use', 'x']),
  )
  expect(await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()).toEqual({
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: [],
  })
})

test('the service accepts its own tokens without loading keys, and jose verifies them', async () => {
  const issuer = 'https://orders.example.com'
  const clock = createFakeClock()
  await using tested = await createTestService(issuingService(issuer), { clock })
  const { token } = await tested.call.createToken({
    token: { subject: 'billing', audience: ['orders', audience], claims: { plan: 'gold' }, lifetime: '1m' },
  })
  const headers = { authorization: `Bearer ${token}` }
  expect(JSON.parse((await tested.call.whoAmI({}, { headers })).who)).toEqual({
    kind: 'service',
    id: 'billing',
    scopes: [],
  })
  const keySet = createLocalJWKSet((await tested.call.getKeySet({})) as never)
  const { payload, protectedHeader } = await jwtVerify(token, keySet, {
    issuer,
    audience,
    typ: 'at+jwt',
    currentDate: new Date(clock.now()),
  })
  expect(protectedHeader).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt' })
  expect(payload).toMatchObject({ plan: 'gold', client_id: 'billing' })
  expect(payload.exp! - payload.iat!).toBe(60)
  clock.advance(60_000 + 31_000)
  expect((await tested.send('whoAmI', {}, { headers })).status).toBe(401)
})

test('each token has an id of its own, and a token can be bound to a key', async () => {
  await using tested = await createTestService(issuingService('https://orders.example.com'))
  const create = async (token: NewToken) => decodeJwt((await tested.call.createToken({ token })).token)
  const [first, second] = [await create(forAnn), await create({ ...forAnn, boundTo: { jkt: 'thumb' } })]
  expect(first.jti).not.toBe(second.jti)
  expect([first['cnf'], second['cnf']]).toEqual([undefined, { jkt: 'thumb' }])
})

/** Starts a verifier with a cache of the keys of an issuer, whose keys can change. */
async function startVerifier(issuer: string, keySet: () => JsonWebKeySet, startMs?: number) {
  const clock = createFakeClock(startMs)
  const trusted: TrustedIssuer = { issuer, audience, keys: () => Promise.resolve(keySet()) }
  const running = await startService({ whoAmI }, { identify: bearerTokens({ issuers: [trusted] }), clock })
  const statusOf = async (token: string): Promise<number> => {
    const { status } = await running.call({
      operation: 'whoAmI',
      input: { path: {}, query: {}, body: undefined },
      header: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined),
    })
    return status
  }
  return { clock, statusOf }
}

/** Returns the issuer's parts for some secret keys, without a service. */
function issuerWith(secrets: readonly Buffer[], now: () => number) {
  const issuer = 'https://orders.example.com'
  const tokens = tokenIssuer({ issuer })
  const sealer: Sealer = new SecretKeys(secrets)
  const keys = new PeriodKeys(issuer)
  const statements = {
    service: 'orders',
    mode: 'production',
    clock: { now, monotonicMs: now },
    sealer,
    query: () => Promise.reject(new TypeError('no statement is needed')),
  } as const
  return {
    issuer,
    create: (token: NewToken = forAnn) => tokens.createToken(statements as never, token),
    keySet: (): JsonWebKeySet => ({ keys: keys.published(sealer, now()).map(({ jwk }) => jwk) }),
  }
}

test('no token is refused while the keys change, even if clocks and caches differ', async () => {
  const secret = randomBytes(32)
  // The keys change at the multiples of a week since the epoch. Each step ends at such a moment, or
  // between two of them.
  let nowMs = 3_000 * weekMs
  // The clock of this process of the issuer is 25 s ahead, and that of the other one 25 s behind.
  const [early, late] = [25_000, -25_000].map((skewMs) => issuerWith([secret], () => nowMs + skewMs))
  const verifiers = [
    await startVerifier(early!.issuer, () => late!.keySet(), nowMs),
    await startVerifier(early!.issuer, () => early!.keySet(), nowMs),
  ]
  const advance = (ms: number): void => {
    for (const { clock } of verifiers) clock.advance(ms)
    nowMs += ms
  }
  const kids = new Set<string>()
  const step = dayMs / 2
  for (let passedMs = 0; passedMs < 3 * weekMs; passedMs += step) {
    const fromBoundary = (statuses: readonly number[]) => [passedMs / weekMs, ...statuses]
    for (const process of [early!, late!]) {
      const token = await process.create()
      kids.add(decodeProtectedHeader(token).kid!)
      const statuses = await Promise.all(verifiers.map(({ statusOf }) => statusOf(token)))
      expect(fromBoundary(statuses)).toEqual(fromBoundary([200, 200]))
    }
    advance(step - 299_000)
    // A token is accepted in its last moments, also by a verifier that has just started.
    const token = await late!.create()
    advance(299_000)
    const started = await startVerifier(early!.issuer, () => early!.keySet(), nowMs)
    const statuses = await Promise.all([...verifiers, started].map(({ statusOf }) => statusOf(token)))
    expect(fromBoundary(statuses)).toEqual(fromBoundary([200, 200, 200]))
  }
  expect(kids.size).toBe(4)
})

test('a new secret key is announced before it signs, and a removed one is refused in ten minutes', async () => {
  const [first, second] = [randomBytes(32), randomBytes(32)]
  let nowMs = 0
  const before = issuerWith([first], () => nowMs)
  const announced = issuerWith([first, second], () => nowMs)
  const changed = issuerWith([second, first], () => nowMs)
  const removed = issuerWith([second], () => nowMs)
  let current = before
  const verifier = await startVerifier(before.issuer, () => current.keySet())
  nowMs = verifier.clock.now()
  const old = await before.create({ ...forAnn, lifetime: '1h' })
  expect(await verifier.statusOf(old)).toBe(200)
  current = announced
  expect(await verifier.statusOf(await announced.create())).toBe(200)
  current = changed
  verifier.clock.advance(11_000)
  const next = await changed.create({ ...forAnn, lifetime: '1h' })
  expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(old).kid)
  expect(await verifier.statusOf(next)).toBe(200)
  expect(await verifier.statusOf(old)).toBe(200)
  current = removed
  verifier.clock.advance(600_000)
  expect([await verifier.statusOf(old), await verifier.statusOf(next)]).toEqual([401, 200])
  expect(new Set(changed.keySet().keys.map((key) => key['kid'])).size).toBe(6)
})

test.each([
  ['http://orders.example.com', 'https'],
  ['https://orders.example.com/', 'without a path'],
  ['https://orders.example.com/auth', 'without a path'],
  ['orders', 'is not a URL'],
])('the issuer %s is refused', (issuer, reason) => {
  expect(() => tokenIssuer({ issuer })).toThrow(
    expect.objectContaining({ code: 'configuration-invalid', message: expect.stringContaining(reason) }),
  )
})

test.each<[Partial<NewToken>, string]>([
  [{ subject: '' }, '`subject` is empty'],
  [{ audience: [] }, '`audience` is empty'],
  [{ audience: [''] }, '`audience` is empty'],
  [{ client: '' }, '`client` is empty'],
  [{ scopes: ['a b'] }, 'the scope "a b"'],
  [{ claims: { iss: 'https://other.example.com' } }, 'the claim iss'],
  [{ claims: { cnf: {} } }, 'the claim cnf'],
  [{ lifetime: '2h' }, 'at most 1h'],
])('a token with %j is not created', async (changed, reason) => {
  const { create } = issuerWith([randomBytes(32)], Date.now)
  await expect(create({ ...forAnn, ...changed })).rejects.toThrow(reason)
})

test('in production, an issuer over http creates no tokens', async () => {
  const tokens = tokenIssuer({ issuer: 'http://localhost:3000' })
  await expect(tokens.createToken({ mode: 'production' } as never, forAnn)).rejects.toThrow('must use https')
})
