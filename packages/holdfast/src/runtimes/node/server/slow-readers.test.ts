import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { anyone, holdfast } from 'holdfast'
import { serve } from 'holdfast/node'
import { createFakeClock, until } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { HttpAnswer } from '../../../transports/http/answer/http-answer.ts'
import type { HttpRequest } from '../../../transports/http/request/http-request.ts'
import { toAnswer } from '../../../kernel/operation/answer.ts'
import type { HttpLimits } from '../settings/http-limits.ts'
import { createHttpServer } from './http-server.ts'
import { openRaw } from './raw-client.fixture.ts'
import { serveForTest } from '../serve.fixture.ts'

// A response too long for the kernel's buffers.
const much = 'x'.repeat(2 ** 24)
const requestId = 'the-slow-one'

function answerOf(body: HttpAnswer['body']): HttpAnswer {
  return { status: 200, headers: { 'x-request-id': requestId }, body }
}

interface OpenOptions extends HttpLimits {
  readonly answer?: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>
}

/** Opens a server with a stopped clock. By default it answers with a long text. */
async function open({ answer = () => answerOf(much), ...limits }: OpenOptions = {}) {
  const clock = createFakeClock()
  const messages: string[] = []
  const log = { child: () => log } as never
  const note = (_: unknown, message?: string) => void messages.push(String(message))
  const http = createHttpServer(
    {
      answer: async (request) => answer(request),
      refuse: (problem) => toAnswer(problem, { requestId, problemTypeBase: '/' }),
    },
    { limits, clock, log: Object.assign(log, { debug: note, info: note, warn: note, error: note }) },
  )
  http.server.listen(0, '127.0.0.1')
  await once(http.server, 'listening')
  onTestFinished(() => {
    http.server.close()
    http.server.closeAllConnections()
  })
  return { http, clock, messages, port: (http.server.address() as AddressInfo).port }
}

/** Sends a request, and does not read the response. */
async function request(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').pause()
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n')
  return socket
}

/** Reads until the server ends the connection; returns the number of bytes. */
async function readOn(socket: Socket): Promise<number> {
  let length = 0
  await new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => (length += chunk.length))
    socket.once('close', resolve).resume()
  })
  return length
}

const { query, service } = holdfast()

const read = query({
  route: 'GET /',
  access: anyone('a test'),
  output: z.object({ much: z.string() }),
  run: () => ({ much }),
})

const slowService = service({ name: 'slow', operations: { read } })

describe('a client that does not read its response', () => {
  test('a client that does not read its response is disconnected after 30 s', async () => {
    const { http, clock, messages, port } = await open()
    const socket = await request(port)
    await until(() => http.unfinishedClients().length === 1)
    clock.advance(30_000)
    expect(http.unfinishedClients()).toHaveLength(1)
    clock.advance(1_000)
    expect(http.unfinishedClients()).toEqual([])
    expect(await readOn(socket)).toBeLessThan(much.length)
    expect(messages).toContain('client did not read its response; connection reset')
  })

  test('a client that does not read its response is disconnected sooner if a service configures it', async () => {
    const { port, log } = await serveForTest(slowService, {
      sendTimeout: '50ms',
    })
    const socket = await request(port)
    const line = await until(() =>
      log.find(({ msg }) => msg === 'client did not read its response; connection reset'),
    )
    expect(line).toMatchObject({ level: 'info', totalBytes: 16_777_227, requestId: expect.any(String) })
    expect(await readOn(socket)).toBeLessThan(much.length)
  })

  test('a client that does not read its response is reported if it delays the stop of a service', async () => {
    const server = await serve(slowService, {
      port: 0,
      signals: false,
      grace: '50ms',
      env: { NODE_ENV: 'test', LOG_LEVEL: 'error' },
    })
    using client = await openRaw(server.port)
    client.send(`GET / HTTP/1.1\r\nHost: slow.test\r\nX-Request-Id: ${requestId}\r\n\r\n`)
    await once(client.socket, 'data')
    client.socket.pause()
    await expect(server.stop()).rejects.toMatchObject({
      code: 'shutdown-timeout',
      message: expect.stringMatching(
        /running: a client that had not read the response to the request the-slow-one \(\d+ of 16777227 bytes sent\)\./,
      ),
    })
  })
})

test('a client that reads slowly gets its complete response', async () => {
  const { http, clock, port } = await open()
  const socket = await request(port)
  await until(() => http.unfinishedClients().length === 1)
  let length = 0
  for (let times = 0; times < 4; times += 1) {
    clock.advance(29_000)
    const [before] = http.unfinishedClients()
    await until(() => {
      length += (socket.read() as Buffer | null)?.length ?? 0
      return http.unfinishedClients()[0] !== before
    })
  }
  await until(() => {
    length += (socket.read() as Buffer | null)?.length ?? 0
    return length > much.length
  })
  expect(http.unfinishedClients()).toEqual([])
})

test('a response that waits for the previous one does not count as unread', async () => {
  const first = Promise.withResolvers<HttpAnswer>()
  const { http, clock, messages, port } = await open({
    answer: ({ target }) => (target === '/first' ? first.promise : answerOf('second')),
  })
  using client = await openRaw(port)
  client.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => http.unfinishedClients().length === 1)
  clock.advance(120_000)
  expect(messages).toEqual([])
  expect(http.unfinishedClients()).toHaveLength(1)
  first.resolve(answerOf('first'))
  expect((await client.answer()).body).toBe('first')
  expect((await client.answer()).body).toBe('second')
})

describe('the bytes that wait for clients', () => {
  test('the bytes that wait for clients are limited, by disconnecting clients that do not read', async () => {
    const { http, clock, messages, port } = await open({ maxUnsentBytes: much.length + 1 })
    const stalled = await request(port)
    await until(() => http.unfinishedClients().length === 1)
    using client = await openRaw(port)
    client.send('GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n')
    expect(await client.answer()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(messages).toContain('response replaced by 503: too many bytes are waiting for clients')
    clock.advance(1_000)
    client.send('GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n')
    expect((await client.answer()).body).toHaveLength(much.length)
    await readOn(stalled)
  })

  test('the limit of bytes that wait for clients does not reject the only response', async () => {
    const { port } = await open({ maxUnsentBytes: 1 })
    using client = await openRaw(port)
    client.send('GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n')
    expect((await client.answer()).body).toHaveLength(much.length)
  })

  test('shared responses count once among the bytes that wait for clients', async () => {
    const shared = answerOf(Buffer.from(much))
    let answer = shared
    const { http, port } = await open({ maxUnsentBytes: 1, answer: () => answer })
    await request(port)
    await request(port)
    await until(() => http.unfinishedClients().length === 2)
    answer = answerOf('not shared')
    using client = await openRaw(port)
    client.send('GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n')
    expect((await client.answer()).body).toBe('not shared')
  })
})

test('invalid limits are rejected, all at once', async () => {
  await expect(open({ sendTimeout: '0s', maxUnsentBytes: Number.NaN })).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringMatching(/sendTimeout is "0s",[^]*maxUnsentBytes is NaN;/),
  })
})
