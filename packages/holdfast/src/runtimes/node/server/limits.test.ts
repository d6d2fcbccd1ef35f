import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { shop } from '../../../transports/http/shop.fixture.ts'
import { openRaw, type RawAnswer } from './raw-client.fixture.ts'
import { serveForTest } from '../serve.fixture.ts'

const host = 'Host: shop.test\r\n'

/** Asserts that a response is a regular problem, and returns it. */
function problemOf(answer: RawAnswer, status: number): Record<string, unknown> {
  expect(answer).toMatchObject({
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      traceparent: expect.stringMatching(/^00-/),
      date: expect.stringMatching(/GMT$/),
    },
  })
  const problem = JSON.parse(answer.body) as Record<string, unknown>
  expect(problem).toMatchObject({ status, requestId: answer.headers['x-request-id'] })
  return problem
}

describe('header fields', () => {
  test('header fields of more than 16 KiB are rejected', async () => {
    const { port, url } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`GET /orders/1 HTTP/1.1\r\n${host}X-Big: ${'x'.repeat(20_480)}\r\n\r\n`)
    expect(problemOf(await client.answer(), 431)).toMatchObject({
      code: 'headers-too-large',
      type: '/problems/headers-too-large',
    })
    await client.closed
    expect((await fetch(`${url}/orders/1`, { headers: { 'x-big': 'x'.repeat(15_000) } })).status).toBe(200)
  })

  test('endless header fields are rejected at the limit', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send('GET /orders/1 HTTP/1.1\r\n')
    const more = setInterval(() => client.send(`X-More: ${'x'.repeat(1_000)}\r\n`), 1)
    try {
      problemOf(await client.answer(), 431)
      await client.closed
    } finally {
      clearInterval(more)
    }
  })

  test('header fields that are still arriving are read for a while, so that their client can read the response', async () => {
    const { port } = await serveForTest(shop)
    // The server stops reading after a second. On a busy machine, the client may not send enough in
    // this time, so the request is repeated.
    await until(async () => {
      using client = await openRaw(port)
      client.send(`GET /orders/1 HTTP/1.1\r\n${host}X-Big: ${'x'.repeat(20_480)}`)
      problemOf(await client.answer(), 431)
      const isRead = await client.sendInVain(2 ** 24)
      expect(client.rest()).toBe('')
      return isRead
    })
  })

  test('the limit of header fields can be changed', async () => {
    const { url } = await serveForTest(shop, { maxHeaderBytes: 1_000 })
    expect((await fetch(`${url}/orders/1`, { headers: { 'x-big': 'x'.repeat(1_000) } })).status).toBe(431)
    const { url: roomy } = await serveForTest(shop, { maxHeaderBytes: 40_000 })
    expect((await fetch(`${roomy}/orders/1`, { headers: { 'x-big': 'x'.repeat(30_000) } })).status).toBe(200)
  })

  test('all header fields are read, in any number', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    const many = 'a:1\r\n'.repeat(2_500)
    client.send(`GET /orders/1 HTTP/1.1\r\n${host}${many}${host}\r\n`)
    expect(problemOf(await client.answer(), 400)).toMatchObject({
      detail: expect.stringContaining('more than one Host'),
    })
  })

  test('header fields that arrive too slowly are rejected', async () => {
    const { port } = await serveForTest(shop, { headerTimeout: '50ms' })
    using client = await openRaw(port)
    client.send('GET /orders/1 HTTP/1.1\r\nHost: sh')
    expect(problemOf(await client.answer(), 408)).toMatchObject({ code: 'request-timeout' })
    await client.closed
  })
})

test('a request that does not end in time is rejected', async () => {
  const { port, url } = await serveForTest(shop, { requestTimeout: '1s' })
  using client = await openRaw(port)
  client.send(
    `POST /orders HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"it`,
  )
  expect(problemOf(await client.answer(), 408)).toMatchObject({ code: 'request-timeout' })
  await client.closed
  await until(async () => (await fetch(`${url}/orders/1`)).status === 200)
})

describe('malformed HTTP', () => {
  test.each([
    ['a line of nonsense', 'nonsense\r\n\r\n'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', `BREW /orders HTTP/1.1\r\n${host}\r\n`],
    ['a space in a header name', `GET /orders/1 HTTP/1.1\r\n${host}X Y: 1\r\n\r\n`],
    ['two lengths', `POST /orders HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`],
    [
      'a length and chunks',
      `POST /orders HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ],
    ['an invalid length', `POST /orders HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`],
  ])('malformed HTTP is rejected: %s', async (_, request) => {
    const { port, url } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(request)
    expect(problemOf(await client.answer(), 400)).toMatchObject({ code: 'bad-request' })
    await client.closed
    expect((await fetch(`${url}/orders/1`)).status).toBe(200)
  })

  test('a client that keeps sending after malformed HTTP is disconnected', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port, { allowHalfOpen: true })
    client.send('nonsense\r\n\r\n')
    problemOf(await client.answer(), 400)
    const more = setInterval(() => client.send('more'), 10)
    await new Promise((resolve) => client.socket.once('close', resolve))
    clearInterval(more)
  })

  test('an invalid chunk is rejected in the middle of a body', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(
      `POST /orders HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\nzz\r\n`,
    )
    expect(problemOf(await client.answer(), 400)).toMatchObject({ code: 'bad-request' })
    await client.closed
  })
})

describe('a proxy method', () => {
  test('CONNECT is rejected', async () => {
    const { port } = await serveForTest(shop)
    await until(async () => {
      using client = await openRaw(port)
      client.send(`CONNECT shop.test:443 HTTP/1.1\r\n${host}\r\n`)
      const answer = await client.answer()
      expect(problemOf(answer, 405)).toMatchObject({ code: 'method-not-allowed' })
      expect(answer.headers['allow']).toBe('')
      const isRead = await client.sendInVain(2 ** 24)
      await client.closed
      return isRead
    })
  })

  test('TRACE is rejected, and echoes nothing', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`TRACE /orders/1 HTTP/1.1\r\n${host}Cookie: secret=1\r\n\r\n`)
    const answer = await client.answer()
    expect(problemOf(answer, 405)).toMatchObject({ code: 'method-not-allowed' })
    expect(answer.body).not.toContain('secret')
  })
})

test('garbage after a request never becomes the response to that request', async () => {
  const { port } = await serveForTest(shop)
  using client = await openRaw(port)
  client.send(`GET /orders/1 HTTP/1.1\r\n${host}\r\nGARBAGE\r\n\r\n`)
  await client.closed
  // The client receives the response to the order, or nothing. It would treat a rejection as the
  // response to the order, which may have been executed.
  expect(client.rest()).not.toMatch(/^HTTP\/1\.1 400/)
})
