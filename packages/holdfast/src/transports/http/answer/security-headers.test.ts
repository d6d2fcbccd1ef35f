import {
  type Access,
  anyOf,
  anyone,
  type Caller,
  hasScope,
  holdfast,
  problem,
  recentlySignedIn,
  Unauthenticated,
} from 'holdfast'
import { serveForTest } from '../../../runtimes/node/serve.fixture.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { SecuritySchemes } from '../../../kernel/operation/security-scheme.ts'
import { openShop, shop } from '../shop.fixture.ts'

const OwnChallenge = problem('own-challenge', {
  status: 401,
  title: 'Sign this',
  headers: { 'WWW-Authenticate': 'Hoba' },
})

const signedIn: Access = {
  name: 'signedIn()',
  authorize: ({ caller }) => (caller.kind === 'anonymous' ? Unauthenticated() : caller),
}
const withKey: Access = {
  ...signedIn,
  name: 'withKey()',
  securitySchemes: { key: { in: 'header', name: 'X-Api-Key' } },
}

function identify({ header }: { readonly header: (name: string) => string | undefined }): Caller | undefined {
  if (header('user') !== undefined) return { kind: 'user', id: header('user')! }
  const token = header('authorization')
  if (token === undefined) return undefined
  if (token !== 'Bearer ann') throw Unauthenticated()
  return { kind: 'user', id: 'ann' }
}

interface Options {
  readonly access?: Access
  readonly securitySchemes?: SecuritySchemes
  readonly throws?: typeof OwnChallenge
  readonly isIdentifying?: boolean
}

/** Starts a service with one query, `GET /things`. */
async function open({ access = signedIn, securitySchemes, throws, isIdentifying = true }: Options = {}) {
  const { query, service } = holdfast({
    ...(isIdentifying ? { identify } : {}),
    ...(securitySchemes ? { securitySchemes } : {}),
  })
  const read = query({
    route: 'GET /things',
    access,
    problems: [OwnChallenge],
    output: z.object({ id: z.int() }),
    run: () => {
      if (throws) throw throws()
      return { id: 1 }
    },
  })
  const { fetch } = await openShop(service({ name: 'the "shop"', operations: { read } }))
  return (headers: Record<string, string> = {}, method = 'GET') => fetch('/things', { headers, method })
}

const realm = String.raw`realm="the \"shop\""`

describe('a 401 has a challenge for each scheme', () => {
  async function challenge(options: Options, headers?: Record<string, string>): Promise<string | null> {
    const response = await (await open(options))(headers)
    expect(response.status).toBe(401)
    return response.headers.get('www-authenticate')
  }

  test.each<[string, Options, string]>([
    ['a bearer token by default', {}, `Bearer ${realm}`],
    [
      'the schemes of the service',
      { securitySchemes: { one: { scheme: 'basic' }, two: { in: 'cookie', name: '__Host-id' } } },
      `Basic ${realm}, charset="UTF-8", Cookie ${realm}, cookie-name="__Host-id"`,
    ],
    ['the scheme of the access rule', { access: withKey }, `ApiKey ${realm}, in="header", name="X-Api-Key"`],
    [
      'the schemes of a combined rule, each once',
      { access: anyOf(signedIn, withKey, signedIn) },
      `Bearer ${realm}, ApiKey ${realm}, in="header", name="X-Api-Key"`,
    ],
    ['a bearer token if there is no scheme', { securitySchemes: {} }, `Bearer ${realm}`],
    ['the challenge that its problem sets', { access: anyone('a test'), throws: OwnChallenge }, 'Hoba'],
  ])('a 401 has a challenge for each scheme: %s', async (_, options, expected) => {
    expect(await challenge(options)).toBe(expected)
  })

  test('the challenge for a rejected token says so', async () => {
    const refused = `Bearer ${realm}, error="invalid_token"`
    expect(await challenge({}, { authorization: 'Bearer eve' })).toBe(refused)
    expect(await challenge({ access: anyone('a test') }, { authorization: 'bearer eve' })).toBe(refused)
    expect(await challenge({}, { authorization: 'Basic eve' })).toBe(`Bearer ${realm}`)
  })

  test.each<[string, Options & { readonly headers: Record<string, string> }, [number, string | null]]>([
    [
      'of a missing scope, with the required scopes',
      { access: hasScope('a:read', 'b'), headers: { authorization: 'Bearer ann' } },
      [403, `Bearer ${realm}, error="insufficient_scope", scope="a:read b"`],
    ],
    [
      'of a missing scope without a bearer token: none',
      { access: hasScope('a:read'), headers: { user: 'ann' } },
      [403, null],
    ],
    [
      'of a missing scope without bearer tokens: none',
      {
        access: { ...hasScope('a:read'), securitySchemes: withKey.securitySchemes! },
        headers: { authorization: 'Bearer ann' },
      },
      [403, null],
    ],
    [
      'of a sign-in that is too old, with the max age',
      { access: recentlySignedIn('10m'), headers: { authorization: 'Bearer ann' } },
      [401, `Bearer ${realm}, error="insufficient_user_authentication", max_age="600"`],
    ],
    [
      'of a sign-in that is too old, without a bearer token',
      { access: recentlySignedIn('10m'), headers: { user: 'ann' } },
      [401, `Bearer ${realm}`],
    ],
  ])('the challenge %s', async (_, { headers, ...options }, expected) => {
    const response = await (await open(options))(headers)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual(expected)
  })

  test('a response without a refusal has no challenge', async () => {
    const send = await open()
    expect((await send({ authorization: 'Bearer ann' })).headers.has('www-authenticate')).toBe(false)
  })
})

describe('no shared cache stores an answer that depends on the caller', () => {
  test.each<[string, Options, string]>([
    ['behind an access rule', { access: withKey }, 'private, no-cache'],
    ['of a service that identifies callers', { access: anyone('a test') }, 'private, no-cache'],
    [
      'any cache may store it if no caller is identified',
      { access: anyone('a test'), isIdentifying: false },
      'no-cache',
    ],
  ])('no shared cache stores an answer that depends on the caller: %s', async (_, options, expected) => {
    const send = await open(options)
    const first = await send({ authorization: 'Bearer ann' })
    expect(first.status).toBe(options.isIdentifying === false || options.access ? 200 : 401)
    expect(first.headers.get('cache-control')).toBe(expected)
    const headers = { authorization: 'Bearer ann', 'if-none-match': first.headers.get('etag')! }
    const again = await send(headers)
    expect(again.status).toBe(304)
    expect(again.headers.get('cache-control')).toBe(expected)
    const head = await send({ authorization: 'Bearer ann' }, 'HEAD')
    expect(head.headers.get('cache-control')).toBe(expected)
  })

  test('no cache stores a rejection', async () => {
    const { headers } = await (await open())()
    expect(headers.get('cache-control')).toBe('no-store')
  })
})

describe('every answer', () => {
  const strictTransportSecurity = 'max-age=31536000; includeSubDomains'

  test.each([
    ['/orders/1', 200],
    ['/nothing', 404],
    ['/defects', 500],
  ])('the answer to %s cannot be embedded', async (path, status) => {
    const { fetch } = await openShop(shop, { strictTransportSecurity })
    const response = await fetch(path)
    expect(response.status).toBe(status)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'strict-transport-security': strictTransportSecurity,
    })
  })

  test('every answer requires https only if the option is set', async () => {
    const { url } = await serveForTest(shop)
    expect((await fetch(`${url}/orders/1`)).headers.has('strict-transport-security')).toBe(false)
    const env = { NODE_ENV: 'test', STRICT_TRANSPORT_SECURITY: 'max-age=1' }
    const { url: byVariable } = await serveForTest(shop, { env })
    expect((await fetch(byVariable)).headers.get('strict-transport-security')).toBe('max-age=1')
    const { url: byOption } = await serveForTest(shop, { env, strictTransportSecurity })
    expect((await fetch(byOption)).headers.get('strict-transport-security')).toBe(strictTransportSecurity)
  })

  test.each(['31536000', 'max-age=1\r\nx: y', 'max-age=1, preload'])(
    'strictTransportSecurity rejects an invalid value: %j',
    async (value) => {
      await expect(serveForTest(shop, { strictTransportSecurity: value })).rejects.toMatchObject({
        code: 'configuration-invalid',
      })
    },
  )
})
