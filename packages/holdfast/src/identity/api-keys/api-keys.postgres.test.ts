import {
  anyone,
  createLogger,
  hasScope,
  holdfast,
  type Identifier,
  pages,
  service as serviceRule,
} from 'holdfast'
import { type ApiKeyCaller, ApiKeyEnded, apiKeys, ApiKeyUnknown } from 'holdfast/identity'
import { createHandler } from 'holdfast/http'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, type TestService, until } from 'holdfast/testing'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const keys = apiKeys()
const partnerKeys = apiKeys({ prefix: 'acme_live', header: 'X-Api-Key' })
const others: Identifier = {
  name: 'other-tokens',
  securitySchemes: { token: { scheme: 'bearer' } },
  identify: ({ header }) =>
    header('authorization') === 'Bearer token-of-ann' ? { kind: 'user', id: 'ann' } : undefined,
}
const app = holdfast({
  database: postgres(),
  identify: [keys, { ...partnerKeys, name: 'partner-key', securitySchemes: {} }, others],
})
const isPublic = anyone('a test')
const idempotency = { optional: 'a test' } as const
const Key = z.object({
  id: z.string(),
  name: z.string(),
  start: z.string(),
  scopes: z.array(z.string()).max(100),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
})
const NewKey = Key.extend({ key: z.string() })
const Owner = z.object({ id: z.string().default('billing'), tenant: z.string().optional() })
const owner = ({ id, tenant }: z.output<typeof Owner>): ApiKeyCaller => ({
  kind: 'service',
  id,
  ...(tenant === undefined ? {} : { tenant }),
})
const Reference = Owner.extend({ key: z.string() })

const operations = {
  create: app.mutation({
    route: 'POST /keys',
    access: isPublic,
    idempotency,
    input: Owner.extend({
      scopes: z.array(z.string()).max(10).default([]),
      expiresIn: z.string().optional(),
    }),
    output: NewKey,
    run: ({ input: { scopes, expiresIn, ...of }, transaction }) =>
      keys.createKey(transaction, {
        caller: owner(of),
        name: 'a key',
        scopes,
        ...(expiresIn === undefined ? {} : { expiresIn: expiresIn as '1s' }),
      }),
  }),
  rotate: app.mutation({
    route: 'POST /keys/{key}/rotate',
    access: isPublic,
    idempotency,
    input: Reference.extend({ overlap: z.string().optional() }),
    output: NewKey,
    problems: [ApiKeyUnknown, ApiKeyEnded],
    run: ({ input: { key, overlap, ...of }, transaction }) =>
      keys.rotateKey(transaction, {
        id: key,
        caller: owner(of),
        ...(overlap === undefined ? {} : { overlap: overlap as '1s' }),
      }),
  }),
  revoke: app.mutation({
    route: 'POST /keys/{key}/revoke',
    access: isPublic,
    idempotency,
    input: Reference,
    output: Key,
    problems: [ApiKeyUnknown],
    run: ({ input: { key, ...of }, transaction }) =>
      keys.revokeKey(transaction, { id: key, caller: owner(of) }),
  }),
  list: app.query({
    route: 'GET /keys',
    access: isPublic,
    input: pages.input(Owner),
    output: pages.output(Key),
    run: ({ input, page, statements }) => page(input, keys.listKeys(statements, { caller: owner(input) })),
  }),
  whoAmI: app.query({
    route: 'GET /me',
    access: isPublic,
    output: z.object({ kind: z.string(), id: z.string().nullable(), tenant: z.string().nullable() }),
    run: ({ caller: { kind, id = null, tenant = null } }) => ({ kind, id, tenant }),
  }),
  bill: app.query({ route: 'GET /bill', access: serviceRule('billing'), run: () => {} }),
  write: app.query({ route: 'GET /write', access: hasScope('orders:write'), run: () => {} }),
}
const shop = app.service({ name: 'shop', operations })
const other = app.service({ name: 'other', operations })

const clock = createFakeClock()
let tested: TestService<typeof operations>
beforeAll(async () => {
  tested = await createTestService(shop, { clock, onLog: (line) => void lines.push(line) })
  return () => tested.stop()
})
const lines: string[] = []

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
async function ask(key: string, path = '/me') {
  const response = await tested.fetch(path, { headers: bearer(key) })
  return {
    status: response.status,
    body: (await response.json().catch(() => ({}))) as Record<string, unknown>,
  }
}

describe('identifying', () => {
  test('a key identifies its caller with its tenant and its scopes', async () => {
    const { key } = await tested.call.create({ tenant: 'acme', scopes: ['orders:write'] })
    expect(await ask(key)).toEqual({ status: 200, body: { kind: 'service', id: 'billing', tenant: 'acme' } })
    expect((await ask(key, '/bill')).status).toBe(204)
    expect((await ask(key, '/write')).status).toBe(204)
    const { key: withoutScopes } = await tested.call.create({})
    expect((await ask(withoutScopes, '/write')).status).toBe(403)
  })

  test('the first call runs one statement, and further calls none', async () => {
    const { key } = await tested.call.create({})
    const statements = async (): Promise<number> => {
      const usage = { statements: 0, databaseMs: 0 }
      await tested.call.whoAmI({}, { headers: bearer(key), usage })
      return usage.statements
    }
    expect(await statements()).toBe(1)
    expect(await statements()).toBe(0)
  })

  test('bearer tokens of other forms are left to other identifiers', async () => {
    expect((await ask('token-of-ann')).body).toMatchObject({ kind: 'user', id: 'ann' })
    expect((await ask('unknown')).body).toMatchObject({ kind: 'anonymous' })
  })

  test('a mistyped key is refused without a statement', async () => {
    const { key } = await tested.call.create({})
    const usage = { statements: 0, databaseMs: 0 }
    const mistyped = key.slice(0, -7) + (key.at(-7) === 'a' ? 'b' : 'a') + key.slice(-6)
    for (const wrong of [mistyped, key.slice(0, -1), `${key}x`, 'hf_live_', `hf_live_'or'1`]) {
      const answer = await tested.send('whoAmI', {}, { headers: bearer(wrong), usage })
      expect(answer.status).toBe(401)
      expect(answer.body).not.toContain(wrong.slice(8) || 'hf_live')
      const response = await tested.fetch('/me', { headers: bearer(wrong) })
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
    expect(usage.statements).toBe(0)
  })

  test('a valid key that is not stored is refused', async () => {
    const { key, id } = await tested.call.create({})
    await tested.sql(`delete from holdfast.api_keys where id = '${id}'`)
    expect(await ask(key)).toMatchObject({ status: 401, body: { detail: 'The API key is unknown.' } })
  })

  test('a key in the query string or in a cookie identifies no caller', async () => {
    const { key } = await tested.call.create({})
    const inCookie = await tested.fetch('/me', { headers: { cookie: `authorization=Bearer ${key}` } })
    expect(await inCookie.json()).toMatchObject({ kind: 'anonymous' })
    const inQuery = await tested.fetch(`/me?authorization=${key}`)
    expect(await inQuery.text()).not.toContain('billing')
  })

  test('a key of another service on the same database is refused', async () => {
    const { key } = await tested.call.create({})
    const running = await other.start({
      env: { DATABASE_URL: tested.databaseUrl },
      mode: 'test',
      clock,
      log: createLogger({ level: 'error', write: (line) => void lines.push(line) }),
      notify: () => {},
    })
    onTestFinished(() => running.stop())
    const { fetch } = createHandler(running)
    const response = await fetch(new Request('http://other.test/me', { headers: bearer(key) }))
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ detail: 'The API key is unknown.' })
  })
})

describe('the end of a key', () => {
  test('a revoked key is refused within a second', async () => {
    const { key, id } = await tested.call.create({})
    expect((await ask(key)).status).toBe(200)
    const revoked = await tested.call.revoke({ key: id })
    expect(revoked.revokedAt).not.toBeNull()
    clock.advance(1_000)
    expect(await ask(key)).toMatchObject({ status: 401, body: { detail: 'The API key was revoked.' } })
    expect((await tested.call.revoke({ key: id })).revokedAt).toBe(revoked.revokedAt)
  })

  test('an expired key is refused', async () => {
    const { key, id, expiresAt, createdAt } = await tested.call.create({ expiresIn: '1h' })
    expect(Date.parse(expiresAt!) - Date.parse(createdAt)).toBe(3_600_000)
    expect((await ask(key)).status).toBe(200)
    await tested.sql(`update holdfast.api_keys set expires_at = now() where id = '${id}'`)
    clock.advance(1_000)
    expect(await ask(key)).toMatchObject({ status: 401, body: { detail: 'The API key has expired.' } })
  })

  test('after a rotation, both keys are accepted until the overlap ends', async () => {
    const old = await tested.call.create({ scopes: ['orders:write'], expiresIn: '7d' })
    const successor = await tested.call.rotate({ key: old.id, overlap: '1h' })
    expect(successor.scopes).toEqual(['orders:write'])
    expect(Date.parse(successor.expiresAt!) - Date.parse(successor.createdAt)).toBe(7 * 86_400_000)
    for (const { key } of [old, successor]) expect((await ask(key, '/write')).status).toBe(204)
    await tested.sql(
      `update holdfast.api_keys set expires_at = expires_at - interval '1 hour' where id = '${old.id}'`,
    )
    clock.advance(1_000)
    expect((await ask(old.key)).status).toBe(401)
    expect((await ask(successor.key)).status).toBe(200)
  })

  test('a rotation never lets a key live longer', async () => {
    const { id } = await tested.call.create({ expiresIn: '1h' })
    const before = await tested.sql(`select expires_at from holdfast.api_keys where id = '${id}'`)
    await tested.call.rotate({ key: id, overlap: '7d' })
    expect(await tested.sql(`select expires_at from holdfast.api_keys where id = '${id}'`)).toEqual(before)
  })

  test('a revoked key cannot be rotated', async () => {
    const { id } = await tested.call.create({})
    await tested.call.revoke({ key: id })
    expect(await tested.send('rotate', { key: id })).toMatchObject({
      status: 409,
      body: expect.stringContaining('api-key-ended') as string,
    })
  })
})

describe('keys of other callers', () => {
  test.each(['rotate', 'revoke'] as const)('%s does not find them', async (operation) => {
    const { id, key } = await tested.call.create({ tenant: 'acme' })
    for (const input of [
      { key: id },
      { key: id, tenant: 'other' },
      { key: id, tenant: 'acme', id: 'shipping' },
      { key: 'x', tenant: 'acme' },
    ])
      expect(await tested.send(operation, input)).toMatchObject({
        status: 404,
        body: expect.stringContaining('api-key-unknown') as string,
      })
    expect((await ask(key)).status).toBe(200)
  })

  test('a list contains only the keys of a caller', async () => {
    const { id, start } = await tested.call.create({ id: 'lister', tenant: 'acme' })
    await tested.call.create({ id: 'lister' })
    const { items } = await tested.call.list({ id: 'lister', tenant: 'acme' })
    expect(items).toMatchObject([{ id, start, revokedAt: null, lastUsedAt: null }])
  })
})

test('the last use is recorded, at most once a minute', async () => {
  const { key, id } = await tested.call.create({ id: 'used' })
  const lastUse = async () => (await tested.call.list({ id: 'used' })).items[0]!.lastUsedAt
  await ask(key)
  clock.advance(10_000)
  await until(async () => (await lastUse()) !== null)
  const first = await lastUse()
  await ask(key)
  clock.advance(10_000)
  await ask(key)
  expect(await lastUse()).toBe(first)
  await tested.sql(
    `update holdfast.api_keys set last_used_at = now() - interval '61 seconds' where id = '${id}'`,
  )
  clock.advance(10_000)
  await until(async () => Date.parse((await lastUse())!) >= Date.parse(first!))
})

test('a key is nowhere in its table and in the log', async () => {
  const { key, id } = await tested.call.create({})
  await ask(key)
  await ask(`${key}x`)
  const secret = key.slice('hf_live_'.length + 4)
  const [row] = await tested.sql(
    `select row_to_json(k)::text as text from holdfast.api_keys k where id = '${id}'`,
  )
  expect(row!['text']).not.toContain(secret)
  expect(lines.join()).not.toContain(secret)
})

test('keys in a header of their own', async () => {
  const started = holdfast({ database: postgres(), identify: partnerKeys })
  const service = started.service({
    name: 'partners',
    operations: {
      create: started.mutation({
        route: 'POST /keys',
        access: isPublic,
        idempotency,
        output: NewKey,
        run: ({ transaction }) =>
          partnerKeys.createKey(transaction, { caller: { kind: 'service', id: 'acme' }, name: 'a key' }),
      }),
      ping: started.query({ route: 'GET /ping', access: serviceRule(), run: () => {} }),
    },
  })
  await using partners = await createTestService(service)
  const { key } = await partners.call.create({})
  expect(key).toMatch(/^acme_live_/)
  expect((await partners.fetch('/ping', { headers: { 'x-api-key': key } })).status).toBe(204)
  for (const headers of [bearer(key), { 'x-api-key': 'other' }, {}]) {
    const response = await partners.fetch('/ping', { headers })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain(
      'ApiKey realm="partners", in="header", name="X-Api-Key"',
    )
  }
})

test.each([{ prefix: '' }, { prefix: 'Acme' }, { prefix: 'a__b' }, { prefix: 'a b' }, { header: 'x y' }])(
  'invalid options are refused: %j',
  (options) => {
    expect(() => apiKeys(options)).toThrow(
      expect.objectContaining({ code: 'configuration-invalid' }) as Error,
    )
  },
)
