import { anyone, holdfast } from 'holdfast'
import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { json, noDatabase, shop } from '../../transports/http/shop.fixture.ts'
import { openRaw } from './server/raw-client.fixture.ts'
import { serveForTest } from './serve.fixture.ts'

const { query, mutation, service } = holdfast({ database: noDatabase })
const host = 'Host: shop.test\r\n'

/**
 * Creates a query that answers when the test releases it, and the signal that the query received.
 */
function waiting() {
  const begun = Promise.withResolvers<AbortSignal>()
  const finish = Promise.withResolvers<void>()
  const wait = query({
    route: 'GET /wait',
    access: anyone('a test'),
    output: z.object({ done: z.boolean() }),
    deadline: '1m',
    async run({ signal }) {
      begun.resolve(signal)
      await finish.promise
      return { done: true }
    },
  })
  return {
    begun: begun.promise,
    finish: finish.resolve,
    waitingService: service({ name: 'waiting', operations: { wait } }),
  }
}

describe('a served service', () => {
  test('a served service answers over a socket as its handler does', async () => {
    const { url, port, service: running } = await serveForTest(shop)
    expect(url).toBe(`http://127.0.0.1:${port}`)
    expect(running.name).toBe('shop')
    const response = await fetch(`${url}/orders/a%2Fb?lines=true`, {
      headers: { 'x-request-id': 'over-a-socket' },
    })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ id: 'a/b', item: 'with lines' })
    expect(response.headers.get('x-request-id')).toBe('over-a-socket')
    expect(response.headers.get('content-length')).toBe('32')
    expect(response.headers.get('etag')).toMatch(/^"[\w-]+"$/)
    const made = await fetch(`${url}/orders`, json('{"item":"täa"}'))
    expect([made.status, made.headers.get('location')]).toEqual([201, '/orders/1'])
    expect(await made.json()).toEqual({ id: '1', item: 'täa' })
  })

  test('a served service answers HEAD, OPTIONS, 204 and 304 without content', async () => {
    const { port, url } = await serveForTest(shop)
    const etag = (await fetch(`${url}/orders/1`)).headers.get('etag')!
    using client = await openRaw(port)
    client.send(`HEAD /orders/1 HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer('HEAD')).toMatchObject({
      status: 200,
      headers: { 'content-length': '23', etag },
    })
    client.send(`OPTIONS /orders/1 HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({
      status: 204,
      headers: { allow: 'DELETE, GET, HEAD, OPTIONS' },
      body: '',
    })
    client.send(`OPTIONS * HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({
      status: 204,
      headers: { allow: 'DELETE, GET, HEAD, OPTIONS, POST' },
    })
    client.send(`POST /ping HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 204, body: '' })
    client.send(`GET /orders/1 HTTP/1.1\r\n${host}If-None-Match: W/${etag}\r\n\r\n`)
    expect(await client.answer()).toMatchObject({ status: 304, headers: { etag } })
    client.send(`GET /nothing HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 404 })
  })

  test('a served service declares that a response without a body has no content', async () => {
    const accept = mutation({ route: 'POST /accepted', access: anyone('a test'), status: 202, run: () => {} })
    const { port } = await serveForTest(service({ name: 'accepting', operations: { accept } }))
    using client = await openRaw(port)
    client.send(`POST /accepted HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 202, headers: { 'content-length': '0' } })
  })

  test('a served service accepts an absolute URL as the target, and HTTP/1.0', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`GET http://shop.test/orders/1?lines=true HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 200, body: '{"id":"1","item":"with lines"}' })
    client.send(`GET http://shop.test?x=1 HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 404 })
    client.send('GET /orders/1 HTTP/1.0\r\n\r\n')
    expect(await client.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } })
    await client.closed
  })

  test('a served service does not resolve dots in a path', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`GET /orders/../orders/1 HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 404 })
    client.send(`GET /orders/%2e%2e HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 200, body: '{"id":"..","item":"tea"}' })
  })

  test('a served service ignores requests to upgrade a connection', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`GET /orders/1 HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    expect(await client.answer()).toMatchObject({ status: 200 })
  })

  test('a served service answers pipelined requests in their order', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(['a', 'b', 'c'].map((id) => `GET /orders/${id} HTTP/1.1\r\n${host}\r\n`).join(''))
    for (const id of ['a', 'b', 'c']) expect(JSON.parse((await client.answer()).body)).toMatchObject({ id })
  })

  test('a served service runs next to other servers in one process', async () => {
    const servers = await Promise.all([serveForTest(shop), serveForTest(shop), serveForTest(shop)])
    const statuses = await Promise.all(
      servers.map(async ({ url }) => (await fetch(`${url}/orders/1`)).status),
    )
    expect(statuses).toEqual([200, 200, 200])
    expect(new Set(servers.map(({ port }) => port)).size).toBe(3)
  })
})

describe('a call', () => {
  test('a call is aborted when its client disconnects', async () => {
    const { begun, waitingService } = waiting()
    const { port } = await serveForTest(waitingService)
    using client = await openRaw(port)
    client.send(`GET /wait HTTP/1.1\r\n${host}\r\n`)
    const signal = await begun
    expect(signal.aborted).toBe(false)
    client.socket.destroy()
    await until(() => signal.aborted)
    expect(signal.reason).toMatchObject({ code: 'client-disconnected' })
  })

  test('a call that has been answered is not aborted afterwards', async () => {
    const { begun, finish, waitingService } = waiting()
    const { url } = await serveForTest(waitingService)
    finish()
    const response = await fetch(`${url}/wait`, { headers: { connection: 'close' } })
    expect(await response.json()).toEqual({ done: true })
    expect((await begun).aborted).toBe(false)
  })

  test('a call that takes longer than its caller allows gets a 504', async () => {
    const { waitingService } = waiting()
    const { url } = await serveForTest(waitingService)
    const response = await fetch(`${url}/wait`, { headers: { 'request-timeout': '20ms' } })
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ code: 'deadline-exceeded' })
  })

  test('a call whose response cannot be sent is answered as a defect', async () => {
    const database = {
      ...noDatabase,
      open: async () => ({
        ...(await noDatabase.open({} as never)),
        stageFor: () => async () => ({ status: 200, headers: { 'x-broken': 'a\nb' }, body: '{}' }),
      }),
    }
    const broken = holdfast({ database })
    const read = broken.query({
      route: 'GET /x',
      access: anyone('a test'),
      output: z.object({}),
      run: () => ({}),
    })
    const { url, log } = await serveForTest(broken.service({ name: 'broken', operations: { read } }))
    const response = await fetch(`${url}/x`)
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ code: 'internal-error' })
    expect(log).toContainEqual(expect.objectContaining({ level: 'error', msg: 'sending a response failed' }))
  })
})
