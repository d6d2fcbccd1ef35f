import { promiseHooks } from 'node:v8'
import { anyone, createLogger, type Database, holdfast } from 'holdfast'
import { createHandler, type HttpRequest } from 'holdfast/http'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { json, noDatabase, openShop, problemOf, shop, SoldOut } from './shop.fixture.ts'
import { testHost } from '../../../test/test-host.ts'

describe('an answer of an operation', () => {
  test('an answer of an operation is JSON', async () => {
    const response = await (await openShop(shop)).fetch('/orders/1?lines=true')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.text()).toBe('{"id":"1","item":"with lines"}')
  })

  test('an answer of an operation with a location has a Location header', async () => {
    const response = await (await openShop(shop)).fetch('/orders', json('{"id":"a/b","item":"tea"}'))
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe('/orders/a%2Fb')
  })

  test('an operation without an output returns no content', async () => {
    const response = await (await openShop(shop)).fetch('/orders/1', { method: 'DELETE' })
    expect(response.status).toBe(204)
    expect(response.headers.get('content-type')).toBeNull()
    expect(response.body).toBeNull()
  })

  test('a declared problem is returned with its members', async () => {
    const response = await (await openShop(shop)).fetch('/orders', json('{"item":"gone"}'))
    expect(response.status).toBe(409)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await problemOf(response)).toEqual({
      type: '/problems/sold-out',
      title: SoldOut.title,
      status: 409,
      left: 0,
      code: 'sold-out',
      requestId: response.headers.get('x-request-id'),
    })
  })
})

describe('a defect', () => {
  test('a defect of an operation is hidden from the client and fully logged', async () => {
    const opened = await openShop(shop)
    const response = await opened.fetch('/defects')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toMatch(/secret|vault|\.ts|TypeError/)
    const line = JSON.parse(opened.log[0]!) as Record<string, unknown>
    expect(line).toMatchObject({
      level: 'error',
      operation: 'fail',
      requestId: response.headers.get('x-request-id'),
      error: {
        name: 'TypeError',
        message: 'select secret from vault',
        stack: expect.stringContaining('shop.fixture.ts'),
      },
    })
  })

  test('a defect outside of operations is answered and logged in the same way', async () => {
    const opened = await openShop(shop)
    const log: string[] = []
    const broken = {
      ...opened.running,
      host: {
        ...opened.running.host,
        log: createLogger({ write: (line) => log.push(line) }),
      },
      call: () => Promise.reject(new TypeError('select secret from vault')),
    }
    const response = await createHandler(broken).fetch(new Request('http://shop.test/orders/1'))
    expect(response.status).toBe(500)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.clone().text()).not.toContain('secret')
    expect(await problemOf(response)).toMatchObject({
      code: 'internal-error',
      type: '/problems/internal-error',
    })
    expect(JSON.parse(log[0]!)).toMatchObject({
      level: 'error',
      requestId: response.headers.get('x-request-id'),
      error: { message: 'select secret from vault' },
    })
  })
})

describe('a call', () => {
  const { query, service } = holdfast()
  const opened = Promise.withResolvers<AbortSignal>()
  const wait = query({
    route: 'GET /wait',
    access: anyone('a test'),
    deadline: '1m',
    run: ({ signal }) => {
      opened.resolve(signal)
      return new Promise<void>(() => {})
    },
  })

  test('a call is in flight until it is answered, and is cancelled when its client disconnects', async () => {
    const running = await service({ name: 'waiting', operations: { wait } }).start(testHost())
    const handler = createHandler(running)
    const client = new AbortController()
    const answer = handler.fetch(
      new Request('http://shop.test/wait', {
        signal: client.signal,
        headers: { 'x-request-id': 'waiting-for-it' },
      }),
    )
    const signal = await opened.promise
    expect([...handler.callsInFlight]).toEqual([{ operation: 'wait', requestId: 'waiting-for-it' }])
    expect(signal.aborted).toBe(false)
    client.abort()
    expect(signal.aborted).toBe(true)
    await answer
    expect(handler.callsInFlight.size).toBe(0)
  })
})

describe('the deadline', () => {
  test('the deadline that a caller requests is respected', async () => {
    const { query, service } = holdfast()
    const hang = query({
      route: 'GET /hang',
      access: anyone('a test'),
      run: () => new Promise<void>(() => {}),
    })
    const opened = await openShop(service({ name: 'hanging', operations: { hang } }))
    const response = await opened.fetch('/hang', { headers: { 'request-timeout': '20ms' } })
    expect(response.status).toBe(504)
    expect(await problemOf(response)).toMatchObject({ code: 'deadline-exceeded' })
    const refused = await opened.fetch('/hang', { headers: { 'request-timeout': 'soon' } })
    expect(refused.status).toBe(400)
  })
})

test('headers that a database and its stage set reach the client', async () => {
  const database: Database<undefined, undefined> = {
    ...noDatabase,
    open: async (host) => ({
      ...(await noDatabase.open(host)),
      stageFor: () => async (call, next) => {
        const answer = await next(call)
        return {
          ...answer,
          headers: { ...answer.headers, 'idempotency-replayed': 'true', 'cache-control': 'private' },
        }
      },
    }),
  }
  const { query, service } = holdfast({ database })
  const read = query({ route: 'GET /x', access: anyone('a test'), output: z.object({}), run: () => ({}) })
  const { headers } = await (await openShop(service({ name: 'staged', operations: { read } }))).fetch('/x')
  expect(headers.get('idempotency-replayed')).toBe('true')
  expect(headers.get('cache-control')).toBe('private')
})

describe('a runtime', () => {
  test('a runtime can pass a request without a Fetch Request, even one about the whole server', async () => {
    const { running } = await openShop(shop)
    const request: HttpRequest = {
      method: 'OPTIONS',
      target: '*',
      header: () => undefined,
      client: new AbortController().signal,
      readContent: async () => new Uint8Array(),
    }
    const { answer } = createHandler(running)
    expect(await answer(request)).toMatchObject({
      status: 204,
      headers: { allow: 'DELETE, GET, HEAD, OPTIONS, POST' },
      body: null,
    })
    expect(await answer({ ...request, method: 'GET', target: '/orders/1?lines=true' })).toMatchObject({
      status: 200,
      body: '{"id":"1","item":"with lines"}',
    })
    expect(await answer({ ...request, method: 'GET', target: '/orders/ü' })).toMatchObject({ status: 400 })
  })

  test('a runtime can reject a request', async () => {
    const { running } = await openShop(shop)
    const refusal = createHandler(running).refuse(SoldOut({ left: 1, detail: 'of a runtime' }), {
      method: 'GET',
      header: (name) => (name === 'x-request-id' ? 'of-a-runtime' : undefined),
    })
    expect(refusal).toMatchObject({
      status: 409,
      headers: {
        'x-request-id': 'of-a-runtime',
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
      },
    })
    expect(JSON.parse(String(refusal.body))).toMatchObject({
      code: 'sold-out',
      left: 1,
      detail: 'of a runtime',
    })
  })
})

test('a fragment of a URL is not part of the path', async () => {
  const response = await (await openShop(shop)).fetch('/orders/1#?lines=true')
  expect(await response.json()).toEqual({ id: '1', item: 'tea' })
})

test('a query that waits for nothing is answered without a promise', async () => {
  const { running } = await openShop(shop)
  const handler = createHandler(running)
  const request: HttpRequest = {
    method: 'GET',
    target: '/orders/1',
    header: () => undefined,
    client: new AbortController().signal,
    readContent: () => Promise.reject(new Error('A query has no body.')),
  }
  let promises = 0
  const stop = promiseHooks.onInit(() => {
    promises += 1
  }) as () => void
  const answer = handler.answer(request)
  stop()
  expect(answer).toMatchObject({ status: 200, body: '{"id":"1","item":"tea"}' })
  expect(promises).toBe(0)
})
