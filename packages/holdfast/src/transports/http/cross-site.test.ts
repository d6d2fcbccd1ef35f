import {
  access,
  anyone,
  type Caller,
  cookie,
  holdfast,
  type Identifier,
  respond,
  Unauthenticated,
} from 'holdfast'
import { toOpenApi } from 'holdfast/openapi'
import { beforeAll, describe, expect, test } from 'vitest'
import { noDatabase, openShop } from './shop.fixture.ts'

const ann: Caller = { kind: 'user', id: 'ann' }
const session: Identifier = {
  name: 'session',
  securitySchemes: { session: { in: 'cookie', name: 'session' } },
  identify: ({ cookies }) => (cookies.get('session') === 'ann' ? ann : undefined),
}
const basic: Identifier = {
  name: 'basic',
  securitySchemes: { basic: { scheme: 'basic' } },
  identify: ({ header }) => (header('authorization')?.startsWith('Basic ') ? ann : undefined),
}
const bearer: Identifier = {
  name: 'bearer',
  securitySchemes: { bearer: { scheme: 'bearer' } },
  identify: ({ header }) => (header('authorization') === 'Bearer ann' ? ann : undefined),
}
/** Stands for an identifier of client certificates, which browsers send to every site. */
const certificate: Identifier = {
  name: 'certificate',
  securitySchemes: { certificate: { type: 'mutualTLS' } },
  identify: ({ header }) => (header('x-certificate') === 'ann' ? ann : undefined),
}
const { query, mutation, service } = holdfast({
  database: noDatabase,
  identify: [bearer, basic, certificate, session],
})

const signedIn = access('signedIn()', ({ caller }) => (caller.id === undefined ? Unauthenticated() : caller))
const withCookie = access(
  'withCookie()',
  ({ caller, cookies }) => (cookies.get('ticket') === undefined ? Unauthenticated() : caller),
  {
    securitySchemes: { ticket: { in: 'cookie', name: 'ticket' } },
  },
)
const made = cookie('session')
const idempotency = { optional: 'a test' } as const

const shop = service({
  name: 'cross-site',
  operations: {
    read: query({ route: 'GET /orders', access: signedIn, run: () => {} }),
    order: mutation({ route: 'POST /orders', access: signedIn, idempotency, run: () => {} }),
    remove: mutation({ route: 'DELETE /orders', access: signedIn, idempotency, run: () => {} }),
    redeem: mutation({ route: 'POST /tickets', access: withCookie, idempotency, run: () => {} }),
    note: mutation({ route: 'POST /notes', access: anyone('a test'), idempotency, run: () => {} }),
    signIn: mutation({
      route: 'POST /session',
      access: anyone('a test'),
      idempotency,
      cookies: [made],
      run: () => respond(undefined, { cookies: [made.set('ann')] }),
    }),
  },
})

let opened: Awaited<ReturnType<typeof openShop>>
beforeAll(async () => void (opened = await openShop(shop)))

const host = 'shop.example:8443'
const statusOf = async (path: string, headers: Record<string, string>, method = 'POST'): Promise<number> =>
  (await opened.fetch(path, { method, headers: { host, ...headers } })).status

const ofSameOrigin: readonly [string, Record<string, string>][] = [
  ['Sec-Fetch-Site same-origin', { 'sec-fetch-site': 'same-origin' }],
  ['Sec-Fetch-Site none', { 'sec-fetch-site': 'none' }],
  ['an Origin with the host of the request', { origin: 'https://shop.example:8443' }],
]
const ofOtherOrigin: readonly [string, Record<string, string>][] = [
  ['Sec-Fetch-Site cross-site', { 'sec-fetch-site': 'cross-site' }],
  ['Sec-Fetch-Site same-site', { 'sec-fetch-site': 'same-site', origin: 'https://shop.example:8443' }],
  ['an Origin with another host', { origin: 'https://attacker.example' }],
  ['an Origin with another port', { origin: 'https://shop.example' }],
  ['an Origin that begins with the host', { origin: 'https://shop.example:8443.attacker.example' }],
  ['an opaque Origin', { origin: 'null' }],
]

describe.each([
  ['a cookie', { cookie: 'session=ann' }],
  ['HTTP Basic', { authorization: 'Basic YW5uOmE=' }],
  ['a client certificate', { 'x-certificate': 'ann' }],
])('%s', (_, credentials) => {
  test.each(ofSameOrigin)('a mutation is admitted with %s', async (_name, headers) => {
    expect(await statusOf('/orders', { ...credentials, ...headers })).toBe(204)
  })

  test.each(ofOtherOrigin)('a mutation is refused with %s', async (_name, headers) => {
    expect(await statusOf('/orders', { ...credentials, ...headers })).toBe(403)
    expect(await statusOf('/orders', { ...credentials, ...headers }, 'DELETE')).toBe(403)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await statusOf('/orders', { ...credentials, ...headers, ...form })).toBe(403)
  })

  test('a query is admitted from any site, since the page of another site cannot read the response', async () => {
    expect(await statusOf('/orders', { ...credentials, 'sec-fetch-site': 'cross-site' }, 'GET')).toBe(204)
  })
})

test('without either header, a mutation is refused with a cookie, and admitted with HTTP Basic', async () => {
  expect(await statusOf('/orders', { cookie: 'session=ann' })).toBe(403)
  expect(await statusOf('/orders', { authorization: 'Basic YW5uOmE=' })).toBe(204)
})

test('the host of a request that a program has created is that of its URL', async () => {
  const headers = { cookie: 'session=ann' }
  const statusFrom = async (origin: string): Promise<number> =>
    (await opened.fetch('/orders', { method: 'POST', headers: { ...headers, origin } })).status
  expect(await statusFrom('http://shop.test')).toBe(204)
  expect(await statusFrom('http://attacker.example')).toBe(403)
})

test('a refusal is a problem that the OpenAPI document lists', async () => {
  const response = await opened.fetch('/orders', { method: 'POST', headers: { host, cookie: 'session=ann' } })
  expect(await response.json()).toMatchObject({ code: 'cross-site-request' })
  const { paths } = toOpenApi(opened.running)
  expect(JSON.stringify(paths['/orders']!['post'])).toContain('cross-site-request')
  expect(JSON.stringify(paths['/orders']!['get'])).not.toContain('cross-site-request')
})

test('a cookie that only the access rule reads counts too', async () => {
  expect(await statusOf('/tickets', { cookie: 'ticket=1' })).toBe(403)
  expect(await statusOf('/tickets', { cookie: 'ticket=1', 'sec-fetch-site': 'same-origin' })).toBe(204)
})

test('credentials that browsers do not add by themselves need no origin', async () => {
  const authorization = 'Bearer ann'
  for (const [, headers] of [...ofOtherOrigin, ['', {}] as const]) {
    expect(await statusOf('/orders', { authorization, cookie: 'other=1', ...headers })).toBe(204)
  }
})

test('an anonymous mutation is admitted from any site', async () => {
  for (const [, headers] of ofOtherOrigin) expect(await statusOf('/notes', headers)).toBe(204)
})

describe('a sign-in', () => {
  test.each(ofOtherOrigin)('a sign-in is refused with %s', async (_, headers) => {
    expect(await statusOf('/session', headers)).toBe(403)
  })

  test.each([...ofSameOrigin, ['neither header, since it does not come from a browser', {}] as const])(
    'a sign-in is admitted with %s',
    async (_, headers) => {
      expect(await statusOf('/session', headers)).toBe(204)
    },
  )
})
