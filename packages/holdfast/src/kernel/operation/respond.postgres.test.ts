import { anyone, cookie, holdfast, redirects, respond } from 'holdfast'
import { toOpenApi } from 'holdfast/openapi'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

const { query, mutation, service } = holdfast({ database: postgres() })

const session = cookie('__Host-session')
const other = cookie('other')
const home = redirects({ to: ['/'] })
const forever = redirects({ to: ['/'], status: 308 })
const elsewhere = redirects({ to: ['https://example.com'], status: 307 })

const getRate = query({
  route: 'GET /rate',
  access: anyone('a test'),
  input: z.object({ source: z.string().default('ECB') }),
  output: z.object({ rate: z.number() }),
  headers: { 'X-Source': 'The exchange.', 'Cache-Control': 'Public for a minute.' },
  run: ({ input: { source } }) =>
    respond({ rate: 2 }, { headers: { 'x-source': source, 'Cache-Control': 'public, max-age=60' } }),
})
const signIn = mutation({
  route: 'POST /session',
  access: anyone('a test'),
  output: z.object({ id: z.int() }),
  headers: { 'X-Source': 'The exchange.', 'Cache-Control': 'Never public.' },
  cookies: [session, other],
  run: () =>
    respond(
      { id: 1 },
      {
        headers: { 'X-Source': 'ECB', 'Cache-Control': 'public, max-age=60' },
        cookies: [session.set('top-secret'), other.clear()],
      },
    ),
})
const readSession = query({
  route: 'GET /session',
  access: anyone('a test'),
  output: z.object({ id: z.int() }),
  cookies: [session],
  run: () => respond({ id: 1 }, { cookies: [session.set('abc')] }),
})
const leave = mutation({
  route: 'POST /leave',
  access: anyone('a test'),
  cookies: [session],
  redirects: home,
  run: () => respond(home.to('/bye'), { cookies: [session.clear()] }),
})
const moved = query({
  route: 'GET /moved',
  access: anyone('a test'),
  redirects: forever,
  run: () => forever.to('/bye'),
})
const undeclared = query({
  route: 'GET /undeclared/{part}',
  access: anyone('a test'),
  input: z.object({ part: z.enum(['header', 'cookie', 'redirect', 'value']) }),
  output: z.object({ id: z.int() }),
  headers: { 'X-Declared': 'A header.' },
  cookies: [session],
  redirects: home,
  run({ input: { part } }) {
    if (part === 'redirect') return elsewhere.to('https://example.com/')
    return respond(
      { id: 1 },
      part === 'header'
        ? { headers: { 'X-Other': 'a' } }
        : part === 'value'
          ? { headers: { 'X-Declared': 'a\r\nset-cookie: a=b' } }
          : { cookies: [cookie('__Host-session').set('a')] },
    )
  },
})

const shop = service({
  name: 'responses',
  operations: { getRate, signIn, readSession, leave, moved, undeclared },
})
let tested: TestService<typeof shop.operations>
beforeAll(async () => void (tested = await createTestService(shop, { onLog: () => {} })))
afterAll(() => tested.stop())

const post = (path: string, key: string): Promise<Response> =>
  tested.fetch(path, { method: 'POST', headers: { 'idempotency-key': key } })

test('a declared header is sent, even with a 304', async () => {
  const first = await tested.fetch('/rate')
  expect(first.headers.get('x-source')).toBe('ECB')
  expect(first.headers.get('cache-control')).toBe('public, max-age=60')
  const second = await tested.fetch('/rate', { headers: { 'if-none-match': first.headers.get('etag')! } })
  expect([second.status, second.headers.get('x-source')]).toEqual([304, 'ECB'])
})

describe('cookies', () => {
  test('each cookie is a separate field, and the response is not cached', async () => {
    const response = await post('/session', 'cookies')
    expect(response.headers.getSetCookie()).toEqual([
      '__Host-session=top-secret; Path=/; Secure; HttpOnly; SameSite=Lax',
      'other=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax',
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
    const read = await tested.fetch('/session')
    expect(read.headers.getSetCookie()).toHaveLength(1)
    expect([read.headers.get('etag'), read.headers.get('cache-control')]).toEqual([null, 'no-store'])
  })

  test('a replay has the stored headers, and no cookies', async () => {
    const first = await post('/session', 'replayed')
    const second = await post('/session', 'replayed')
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(await second.text()).toBe(await first.text())
    expect(second.headers.get('x-source')).toBe('ECB')
    expect(second.headers.get('cache-control')).toBe('no-store')
    expect(second.headers.getSetCookie()).toEqual([])
    const stored = await tested.sql(
      "select from holdfast.idempotency_keys as answer where answer::text like '%top-secret%'",
    )
    expect(stored).toEqual([])
  })
})

test('a redirect is not cached, because its target may depend on the caller', async () => {
  const response = await tested.fetch('/moved', { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([308, '/bye'])
  expect(response.headers.get('cache-control')).toBe('no-store')
})

test('a redirect has no body, can have cookies, and is replayed', async () => {
  const first = await post('/leave', 'leave')
  expect([first.status, first.headers.get('location'), await first.text()]).toEqual([303, '/bye', ''])
  expect(first.headers.getSetCookie()).toHaveLength(1)
  const second = await post('/leave', 'leave')
  expect([second.status, second.headers.get('location')]).toEqual([303, '/bye'])
  expect(second.headers.get('idempotency-replayed')).toBe('true')
})

test.each([
  ['header', 'response-undeclared', 'the header X-Other'],
  ['cookie', 'response-undeclared', 'the cookie __Host-session'],
  ['redirect', 'response-undeclared', 'a redirect'],
  ['value', 'header-invalid', 'the header X-Declared'],
] as const)(
  'a call fails if its handler returns a part that is undeclared or cannot be sent: %s',
  async (part, code, text) => {
    let failure: unknown
    const answer = await tested.send('undeclared', { part }, { onFailure: (error) => void (failure = error) })
    expect(answer.status).toBe(500)
    expect(failure).toMatchObject({ code, message: expect.stringContaining(text) })
  },
)

test('the OpenAPI document contains the headers, cookies and redirects', () => {
  const { paths } = toOpenApi(tested.running)
  const { responses } = paths['/leave']!['post']!
  expect(responses['303']).toMatchObject({
    description: 'Redirect. Possible targets: a path on this service.',
    headers: {
      Location: { schema: { format: 'uri-reference' } },
      'Set-Cookie': { description: 'Sets or deletes cookies: `__Host-session`.' },
    },
  })
  expect(paths['/rate']!['get']!.responses['200']!.headers['X-Source']).toEqual({
    description: 'The exchange.',
    schema: { type: 'string' },
  })
})

test.each([
  [{ ETag: 'x' }, 'response header ETag is set by the framework'],
  [{ 'Set-Cookie': 'x' }, 'response header Set-Cookie is set by the framework'],
  [{ 'X Y': 'x' }, 'response header "X Y" is not a valid name'],
  [{ 'X-A': 'x', 'x-a': 'x' }, 'response header x-a is declared twice'],
  [{ 'X-A': ' ' }, 'response header X-A needs a description'],
])('a service with the response headers %j does not start', async (headers, message) => {
  const ping = query({ route: 'GET /ping', access: anyone('a test'), headers, run: () => {} })
  await expect(createTestService(service({ name: 'invalid', operations: { ping } }))).rejects.toMatchObject({
    code: 'service-invalid',
    message: expect.stringContaining(message),
  })
})
