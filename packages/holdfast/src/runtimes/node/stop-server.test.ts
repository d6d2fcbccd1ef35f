import { once } from 'node:events'
import { anyone, holdfast } from 'holdfast'
import { serve } from 'holdfast/node'
import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { noDatabase } from '../../transports/http/shop.fixture.ts'
import { longService } from './long-service.fixture.ts'
import { openRaw } from './server/raw-client.fixture.ts'
import { serveForTest } from './serve.fixture.ts'

const host = 'Host: long.test\r\n'

describe('stopping', () => {
  test('stopping waits for the calls in flight, and closes connections as they are answered', async () => {
    const server = await serveForTest(longService)
    using busy = await openRaw(server.port)
    using idle = await openRaw(server.port)
    idle.send(`GET /wait?ms=0 HTTP/1.1\r\n${host}\r\n`)
    await idle.answer()
    busy.send(`GET /wait?ms=200 HTTP/1.1\r\n${host}\r\n`)
    await until(() => server.log.filter(({ msg }) => msg === 'waiting').length === 2)
    const stopped = server.stop()
    idle.send(`GET /wait?ms=0 HTTP/1.1\r\n${host}\r\n`)
    expect(await idle.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } })
    expect(await busy.answer()).toMatchObject({
      status: 200,
      headers: { connection: 'close' },
      body: '{"waited":200}',
    })
    await Promise.all([idle.closed, busy.closed, stopped])
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
  })

  test('stopping does not wait for a connection whose response was sent before', async () => {
    const { query, service } = holdfast()
    const text = 'x'.repeat(2 ** 24)
    const read = query({
      route: 'GET /much',
      access: anyone('a test'),
      output: z.object({ text: z.string() }),
      run: () => ({ text }),
    })
    // The grace period is shorter than the keep-alive time of an idle connection.
    const server = await serveForTest(service({ name: 'much', operations: { read } }), { grace: '4s' })
    using client = await openRaw(server.port)
    client.send(`GET /much HTTP/1.1\r\n${host}\r\n`)
    await once(client.socket, 'data')
    client.socket.pause()
    const stopped = server.stop()
    client.socket.resume()
    const { headers, body } = await client.answer()
    expect(headers['connection']).toBe('keep-alive')
    expect(JSON.parse(body)).toEqual({ text })
    await stopped
  })

  test('stopping does not wait for a connection without a request', async () => {
    const server = await serveForTest(longService, { grace: '4s' })
    using open = await openRaw(server.port)
    await until(async () => (await fetch(server.url)).status === 404)
    await server.stop()
    await open.closed
  })

  test('stopping answers requests on idle connections during the delay', async () => {
    const server = await serveForTest(longService, { drainDelay: '300ms', grace: '4s' })
    using first = await openRaw(server.port)
    using second = await openRaw(server.port)
    for (const client of [first, second]) {
      client.send(`GET /wait?ms=0 HTTP/1.1\r\n${host}\r\n`)
      expect((await client.answer()).headers['connection']).toBe('keep-alive')
    }
    const stopped = server.stop()
    first.send(`GET /wait?ms=0 HTTP/1.1\r\n${host}\r\n`)
    expect(await first.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } })
    await first.closed
    using late = await openRaw(server.port)
    late.send(`GET /health/ready HTTP/1.1\r\n${host}\r\n`)
    expect(await late.answer()).toMatchObject({ status: 503, headers: { connection: 'close' } })
    await Promise.all([stopped, second.closed])
  })

  test('stopping answers requests that have arrived before it closes their connections', async () => {
    const server = await serveForTest(longService)
    using client = await openRaw(server.port)
    client.send(`GET /wait?ms=0 HTTP/1.1\r\n${host}\r\n`)
    await client.answer()
    await new Promise<void>((resolve) => {
      client.socket.write(`GET /wait?ms=0 HTTP/1.1\r\n${host}\r\n`, () => resolve())
    })
    const stopped = server.stop()
    expect(await client.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } })
    await stopped
  })

  test('stopping answers all pipelined requests, and closes the connection after the last', async () => {
    const server = await serveForTest(longService)
    using client = await openRaw(server.port)
    client.send([200, 300, 400].map((ms) => `GET /wait?ms=${ms} HTTP/1.1\r\n${host}\r\n`).join(''))
    await until(() => server.log.filter(({ msg }) => msg === 'waiting').length === 3)
    const stopped = server.stop()
    const answers = [await client.answer(), await client.answer(), await client.answer()]
    expect(answers.map(({ body }) => body)).toEqual([200, 300, 400].map((ms) => `{"waited":${ms}}`))
    expect(answers.map(({ headers }) => headers['connection'])).toEqual(['keep-alive', 'keep-alive', 'close'])
    await Promise.all([client.closed, stopped])
  })

  test('stopping does not run requests that follow the end of a connection, since their responses could not be sent', async () => {
    const { query, service } = holdfast()
    const text = 'x'.repeat(2 ** 24)
    let runs = 0
    const read = query({
      route: 'GET /much',
      access: anyone('a test'),
      output: z.object({ text: z.string() }),
      run() {
        runs += 1
        return { text }
      },
    })
    const server = await serveForTest(service({ name: 'much', operations: { read } }), {
      drainDelay: '3s',
      grace: '8s',
    })
    using client = await openRaw(server.port)
    const stopped = server.stop()
    client.send(`GET /much HTTP/1.1\r\n${host}\r\n`)
    await once(client.socket, 'data')
    client.socket.pause()
    client.send(`GET /much HTTP/1.1\r\n${host}\r\n`)
    // These requests give the server time to read the second request. They fail if the server is
    // no longer listening.
    for (let times = 0; times < 5; times += 1) await fetch(`${server.url}/health/live`).catch(() => undefined)
    client.socket.resume()
    expect((await client.answer()).headers['connection']).toBe('close')
    await client.closed
    expect(runs).toBe(1)
    await stopped
  })

  test('stopping does not wait for the rest of an incomplete request', async () => {
    const server = await serveForTest(longService, { grace: '4s' })
    using client = await openRaw(server.port)
    client.send('GET /wait?ms=0 HTTP/1.1\r\nHo')
    await until(async () => (await fetch(server.url)).status === 404)
    await server.stop()
    await client.closed
  })

  test('stopping a service twice stops it once', async () => {
    let closes = 0
    const database = {
      ...noDatabase,
      open: async () => ({
        ...(await noDatabase.open({} as never)),
        close: async () => void (closes += 1),
      }),
    }
    const server = await serveForTest(holdfast({ database }).service({ name: 'once', operations: {} }))
    await Promise.all([server.stop(), server.stop()])
    await server.stop()
    expect(closes).toBe(1)
  })

  test('stopping closes the database only after all calls have ended', async () => {
    const order: string[] = []
    const database = {
      ...noDatabase,
      open: async () => ({
        ...(await noDatabase.open({} as never)),
        close: async () => void order.push('closed'),
      }),
    }
    const begun = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    const { query, service } = holdfast({ database })
    const wait = query({
      route: 'GET /wait',
      access: anyone('a test'),
      async run() {
        begun.resolve()
        await finish.promise
        order.push('answered')
      },
    })
    const server = await serveForTest(service({ name: 'ordered', operations: { wait } }))
    const answer = fetch(`${server.url}/wait`)
    await begun.promise
    const stopped = server.stop()
    await until(() =>
      fetch(server.url).then(
        () => false,
        () => true,
      ),
    )
    expect(order).toEqual([])
    finish.resolve()
    expect((await answer).status).toBe(204)
    await stopped
    expect(order).toEqual(['answered', 'closed'])
  })

  test('stopping ends after the grace period, and reports what is still running', async () => {
    const server = await serve(longService, {
      port: 0,
      signals: false,
      grace: '50ms',
      env: { NODE_ENV: 'test', LOG_LEVEL: 'error' },
    })
    const client = await openRaw(server.port)
    client.send(`GET /wait?ms=60000 HTTP/1.1\r\n${host}X-Request-Id: the-hung-one\r\n\r\n`)
    await until(async () => (await fetch(`${server.url}/wait?ms=0`)).ok)
    await expect(server.stop()).rejects.toMatchObject({
      code: 'shutdown-timeout',
      message: expect.stringMatching(/within 50ms.*the call of wait with the request id the-hung-one/),
    })
    await client.closed
  })

  test('stopping reports a client that does not finish its body, rather than its call', async () => {
    const { mutation, service } = holdfast({ database: noDatabase })
    const write = mutation({
      route: 'POST /write',
      access: anyone('a test'),
      input: z.object({ text: z.string() }),
      idempotency: { optional: 'It does nothing.' },
      run: () => {},
    })
    const server = await serve(service({ name: 'half', operations: { write } }), {
      port: 0,
      signals: false,
      grace: '50ms',
      env: { NODE_ENV: 'test', LOG_LEVEL: 'error' },
    })
    using client = await openRaw(server.port)
    client.send(
      `POST /write HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
    )
    await once(client.socket, 'data')
    await expect(server.stop()).rejects.toMatchObject({
      message: expect.stringMatching(/running: a client that was still sending its request\./),
    })
  })

  test('stopping reports a client that does not finish its request, and a database that does not close', async () => {
    const database = {
      ...noDatabase,
      open: async () => ({
        ...(await noDatabase.open({} as never)),
        close: () => new Promise<void>(() => {}),
      }),
    }
    const server = await serve(holdfast({ database }).service({ name: 'stuck', operations: {} }), {
      port: 0,
      signals: false,
      grace: '50ms',
      env: { NODE_ENV: 'test', LOG_LEVEL: 'error' },
    })
    using client = await openRaw(server.port)
    client.send('GET / HTTP/1.1\r\nHost:')
    await until(async () => (await fetch(server.url)).status === 404)
    await expect(server.stop()).rejects.toMatchObject({
      message: expect.stringMatching(/a client that was still sending its request, the database/),
    })
  })

  test('stopping leaves nothing behind in the process', async () => {
    const listeners = () =>
      ['SIGTERM', 'SIGINT', 'uncaughtException'].map((name) => process.listenerCount(name))
    const before = listeners()
    const owner = await serve(longService, { port: 0, env: { NODE_ENV: 'test', LOG_LEVEL: 'error' } })
    expect(listeners()).toEqual(before.map((count) => count + 1))
    await owner.stop()
    expect(listeners()).toEqual(before)
    await serveForTest(longService)
    expect(listeners()).toEqual(before)
  })
})
