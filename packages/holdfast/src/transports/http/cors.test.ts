import {
  access,
  anyone,
  cookie,
  type CorsDefinition,
  createLogger,
  holdfast,
  type Identifier,
  type Mode,
  respond,
  systemClock,
  Unauthenticated,
} from 'holdfast'
import { setting, settings } from 'holdfast/settings'
import { createHandler } from 'holdfast/http'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { noDatabase, openShop, problemOf } from './shop.fixture.ts'

const web = 'https://app.example.com'
const attacker = 'https://attacker.example'

const session = cookie('__Host-session')
const sessions: Identifier = {
  name: 'session',
  securitySchemes: { session: { in: 'cookie', name: session.name } },
  identify: ({ cookies }) => (cookies.get(session.name) === 'ann' ? { kind: 'user', id: 'ann' } : undefined),
}
const { query, mutation, service } = holdfast({ database: noDatabase, identify: sessions })
const signedIn = access('signedIn()', ({ caller }) => (caller.id === undefined ? Unauthenticated() : caller))
const idempotency = { optional: 'a test' } as const

const define = (cors?: CorsDefinition) =>
  service({
    name: 'cors',
    ...(cors ? { cors } : {}),
    operations: {
      read: query({
        route: 'GET /orders/{id}',
        access: anyone('a test'),
        input: z.object({ id: z.string() }),
        headers: { 'X-Source': 'The origin of the data.' },
        output: z.object({ id: z.string() }),
        run: ({ input }) => respond(input, { headers: { 'X-Source': 'ECB' } }),
      }),
      order: mutation({ route: 'POST /orders', access: signedIn, idempotency, run: () => {} }),
      signIn: mutation({
        route: 'POST /session',
        access: anyone('a test'),
        idempotency,
        cookies: [session],
        run: () => respond(undefined, { cookies: [session.set('ann')] }),
      }),
    },
  })

const open = (cors?: CorsDefinition) => openShop(define(cors))

const hostIn = (mode: Mode) => ({
  env: {},
  mode,
  clock: systemClock,
  log: createLogger({ level: 'error', write: () => {} }),
  notify: () => {},
})

/** Returns the headers of a response whose names begin with `access-control-`. */
const grantsOf = ({ headers }: Response): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))

const preflight = (origin: string, method = 'POST', headers?: string): RequestInit => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': method,
    ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
  },
})

describe('responses', () => {
  test.each([
    ['of a query', '/orders/1', 200],
    ['without a route', '/nothing', 404],
    ['to invalid input', '/orders/%ff', 400],
  ])('a listed origin may read a response %s', async (_, path, status) => {
    const { fetch } = await open({ origins: [web] })
    const response = await fetch(path, { headers: { origin: web } })
    expect(response.status).toBe(status)
    expect(response.headers.get('access-control-allow-origin')).toBe(web)
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
    expect(response.headers.get('vary')).toBe('Origin')
  })

  test('a listed origin may read the headers of a response', async () => {
    const { fetch } = await open({ origins: [web] })
    const { headers } = await fetch('/orders/1', { headers: { origin: web } })
    expect(headers.get('access-control-expose-headers')).toBe('x-source, etag, x-request-id, traceparent')
  })

  test('a listed origin may read a 304, and the response to a request that was not read', async () => {
    const { fetch, running } = await open({ origins: [web] })
    const first = await fetch('/orders/1', { headers: { origin: web } })
    const etag = first.headers.get('etag')!
    const again = await fetch('/orders/1', { headers: { origin: web, 'if-none-match': etag } })
    expect(again.status).toBe(304)
    expect(again.headers.get('access-control-allow-origin')).toBe(web)
    const { headers } = createHandler(running).refuse(Unauthenticated(), {
      method: 'POST',
      header: (name) => (name === 'origin' ? web : undefined),
    })
    expect(headers['access-control-allow-origin']).toBe(web)
  })

  test('credentials are admitted only if the policy allows them', async () => {
    const { fetch } = await open({ origins: [web], credentials: true })
    const response = await fetch('/orders/1', { headers: { origin: web } })
    expect(grantsOf(response)).toMatchObject({
      'access-control-allow-origin': web,
      'access-control-allow-credentials': 'true',
    })
  })

  test.each([
    attacker,
    'null',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com.attacker.example',
    'https://attacker.example/https://app.example.com',
    'HTTPS://APP.EXAMPLE.COM',
    `${web}, ${attacker}`,
  ])(
    'another origin may not read a response, and the response varies with the origin: %s',
    async (origin) => {
      const { fetch } = await open({ origins: [web, 'https://admin.example.com'], credentials: true })
      const response = await fetch('/orders/1', { headers: { origin } })
      expect(response.status).toBe(200)
      expect(grantsOf(response)).toEqual({})
      expect(response.headers.get('vary')).toBe('Origin')
      expect(grantsOf(await fetch('/orders', preflight(origin)))).toEqual({})
    },
  )

  test('a response to a request without an origin varies with the origin', async () => {
    const { fetch } = await open({ origins: [web] })
    const response = await fetch('/orders/1')
    expect(grantsOf(response)).toEqual({})
    expect(response.headers.get('vary')).toBe('Origin')
  })

  test('a page that varies already also varies with the origin', async () => {
    const { fetch } = await open({ origins: [web] })
    expect((await fetch('/problems')).headers.get('vary')).toBe('accept, Origin')
  })

  test('every origin may read the responses of a public API', async () => {
    const { fetch } = await open({ origins: '*' })
    const response = await fetch('/orders/1', { headers: { origin: attacker } })
    expect(grantsOf(response)).toMatchObject({ 'access-control-allow-origin': '*' })
    expect(response.headers.has('vary')).toBe(false)
  })

  test('no origin may read responses by default', async () => {
    const { fetch } = await open()
    const response = await fetch('/orders/1', { headers: { origin: web } })
    expect(grantsOf(response)).toEqual({})
    expect(response.headers.has('vary')).toBe(false)
    const asked = await fetch('/orders', preflight(web))
    expect(asked.status).toBe(204)
    expect(grantsOf(asked)).toEqual({})
  })
})

describe('preflight requests', () => {
  test('a listed origin may send the methods of the path and the headers that it asks for', async () => {
    const { fetch } = await open({ origins: [web], credentials: true })
    const response = await fetch('/orders', preflight(web, 'POST', 'content-type,idempotency-key'))
    expect(response.status).toBe(204)
    expect(grantsOf(response)).toMatchObject({
      'access-control-allow-origin': web,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'OPTIONS, POST',
      'access-control-allow-headers': 'content-type, idempotency-key',
      'access-control-max-age': '7200',
    })
    expect(response.headers.get('vary')).toBe('Access-Control-Request-Headers, Origin')
  })

  test('the time in the cache of the browser can be set', async () => {
    const { fetch } = await open({ origins: [web], maxAge: '10m' })
    const response = await fetch('/orders', preflight(web))
    expect(response.headers.get('access-control-max-age')).toBe('600')
  })

  test.each(['x-a, x b', 'x-a\u00e9', '(x)', Array.from({ length: 65 }, (_, n) => `x-${n}`).join(',')])(
    'invalid header names, or too many of them, are not admitted: %s',
    async (names) => {
      const { fetch } = await open({ origins: [web] })
      const response = await fetch('/orders', preflight(web, 'POST', names))
      expect(response.headers.has('access-control-allow-headers')).toBe(false)
    },
  )

  test('an OPTIONS request that is not a preflight request gets the methods', async () => {
    const { fetch } = await open({ origins: [web] })
    const response = await fetch('/orders', { method: 'OPTIONS', headers: { origin: web } })
    expect(response.headers.get('allow')).toBe('OPTIONS, POST')
    expect(response.headers.has('access-control-allow-methods')).toBe(false)
  })
})

describe('requests with cookies', () => {
  const crossSite = (origin: string, cookies = '__Host-session=ann'): RequestInit => ({
    method: 'POST',
    headers: { origin, 'sec-fetch-site': 'cross-site', cookie: cookies },
  })

  test.each(['/orders', '/session'])(
    'a listed origin may send cookies if the policy allows credentials: POST %s',
    async (path) => {
      const { fetch } = await open({ origins: [web], credentials: true })
      expect((await fetch(path, crossSite(web))).status).toBe(204)
      const refused = await fetch(path, crossSite(attacker))
      expect(refused.status).toBe(403)
      expect(await problemOf(refused)).toMatchObject({ code: 'cross-site-request' })
    },
  )

  test.each<[string, CorsDefinition]>([
    ['without credentials', { origins: [web] }],
    ['of every origin', { origins: '*' }],
  ])('a policy %s does not admit requests with cookies', async (_, cors) => {
    const { fetch } = await open(cors)
    const response = await fetch('/orders', crossSite(web))
    expect(response.status).toBe(403)
  })
})

describe('configuration', () => {
  test.each<[string, CorsDefinition, string]>([
    [
      'credentials of every origin',
      { origins: '*', credentials: true },
      'cannot be combined with the origin "*"',
    ],
    ['a wildcard', { origins: ['https://*.example.com'] }, 'without wildcards'],
    [
      'a path',
      { origins: ['https://app.example.com/'] },
      'must be written as browsers send it: https://app.example.com',
    ],
    ['a default port', { origins: ['https://app.example.com:443'] }, 'must be written as browsers send it'],
    ['upper case', { origins: ['https://App.example.com'] }, 'must be written as browsers send it'],
    [
      'a host without a scheme',
      { origins: ['app.example.com'] },
      'must have the form https://app.example.com, without wildcards',
    ],
    ['another scheme', { origins: ['file:///tmp'] }, 'must have the form'],
    ['"null"', { origins: ['null'] }, 'must have the form'],
    ['"*" in a list', { origins: ['*'] }, 'must have the form'],
    ['a text', { origins: web as '*' }, 'a list of origins'],
  ])('a service with %s does not start', async (_, cors, message) => {
    const started = open(cors)
    await expect(started).rejects.toMatchObject({ code: 'configuration-invalid' })
    await expect(started).rejects.toThrow(message)
  })

  test('every invalid origin is listed', async () => {
    await expect(open({ origins: ['a.example', 'https://b.example/'] })).rejects.toThrow(
      /a\.example[\s\S]*b\.example/,
    )
  })

  test.each(['-1s', '2d', 'soon'])('an invalid maxAge is refused: %s', async (maxAge) => {
    await expect(open({ origins: [web], maxAge: maxAge as '1s' })).rejects.toMatchObject({
      code: 'duration-invalid',
    })
  })

  test('origins on plain http are refused in production, except on the local machine', async () => {
    const start = (origin: string) => define({ origins: [origin] }).start(hostIn('production'))
    await expect(start('http://app.example.com')).rejects.toThrow('must use https in production')
    for (const local of ['http://localhost:5173', 'http://127.0.0.1:5173', 'http://[::1]:5173']) {
      await (await start(local)).stop()
    }
  })

  test('origins can come from the settings', async () => {
    const app = holdfast({
      settings: settings({
        WEB_ORIGINS: setting(z.array(z.string()), { description: 'The origins of the web application.' }),
      }),
    })
    const ping = app.query({ route: 'GET /ping', access: anyone('a test'), run: () => {} })
    const running = await app
      .service({
        name: 'by-settings',
        operations: { ping },
        cors: { origins: ({ WEB_ORIGINS }) => WEB_ORIGINS },
      })
      .start({ ...hostIn('test'), env: { WEB_ORIGINS: `https://admin.example.com,${web}` } })
    const { fetch } = createHandler(running)
    const response = await fetch(new Request('http://shop.test/ping', { headers: { origin: web } }))
    expect(response.headers.get('access-control-allow-origin')).toBe(web)
  })
})
