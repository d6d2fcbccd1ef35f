import { request as httpRequest } from 'node:http'
import { anyone, holdfast } from 'holdfast'
import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { noDatabase, shop } from '../../../transports/http/shop.fixture.ts'
import { openRaw } from './raw-client.fixture.ts'
import { serveForTest } from '../serve.fixture.ts'

const host = 'Host: shop.test\r\n'
const jsonType = 'Content-Type: application/json\r\n'

describe('a body', () => {
  const post = `POST /orders HTTP/1.1\r\n${host}${jsonType}`

  test('a body of a gigabyte is rejected before it is sent', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`${post}Content-Length: 1073741824\r\n\r\n`)
    const answer = await client.answer()
    expect(answer).toMatchObject({
      status: 413,
      headers: { connection: 'close', 'content-type': 'application/problem+json' },
    })
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'content-too-large' })
    await client.closed
  })

  test('if a body of a gigabyte is sent anyway, its client gets the response and the connection is closed', async () => {
    const { port, url } = await serveForTest(shop)
    const before = process.memoryUsage.rss()
    const outcome = await new Promise<{ readonly status: number | undefined; readonly sentMb: number }>(
      (resolve, reject) => {
        let sentMb = 0
        const sending = httpRequest(
          {
            port,
            host: '127.0.0.1',
            method: 'POST',
            path: '/orders',
            headers: { 'content-type': 'application/json', 'content-length': 2 ** 30 },
          },
          (response) => {
            response.resume()
            response.once('end', () => resolve({ status: response.statusCode, sentMb }))
          },
        )
        const chunk = Buffer.alloc(2 ** 20, ' ')
        const more = (): void => {
          if (sentMb >= 1_024 || sending.destroyed) return
          sentMb += 1
          if (sending.write(chunk)) setImmediate(more)
          else sending.once('drain', more)
        }
        sending.once('error', reject)
        more()
      },
    )
    expect(outcome.status).toBe(413)
    expect(outcome.sentMb).toBeLessThan(1_024)
    expect(process.memoryUsage.rss() - before).toBeLessThan(96 * 2 ** 20)
    expect((await fetch(`${url}/orders/1`)).status).toBe(200)
  })

  test('a body that is still arriving is read for a while, so that its client can read the response', async () => {
    const { port } = await serveForTest(shop)
    // The server continues to read for only a second. On a busy machine, the client may not send
    // everything in this time, so the request is repeated.
    await until(async () => {
      using client = await openRaw(port)
      client.send(`${post}Content-Length: 1073741824\r\n\r\n`)
      expect(await client.answer()).toMatchObject({ status: 413 })
      // More than all buffers on the way can hold: once it is sent, the server has read it.
      const isRead = await client.sendInVain(2 ** 24)
      await client.closed
      return isRead
    })
  })

  test('a body that turns out malformed after its rejection is not answered twice', async () => {
    const { port } = await serveForTest(shop, { bodyLimitBytes: 1 })
    using client = await openRaw(port)
    client.send(`${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 413 })
    client.send('nonsense\r\n')
    await client.closed
    expect(client.rest()).toBe('')
  })

  test('a body of unknown length is counted, and answered before its end', async () => {
    const { port } = await serveForTest(shop, { bodyLimitBytes: 100 })
    using client = await openRaw(port)
    client.send(`${post}Transfer-Encoding: chunked\r\n\r\n64\r\n${' '.repeat(100)}\r\n`)
    client.send(`1\r\n \r\n`)
    expect(await client.answer()).toMatchObject({ status: 413, headers: { connection: 'close' } })
    await client.closed
  })

  test('a body of unknown length within the limit is read, and the connection is kept', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`${post}Transfer-Encoding: chunked\r\n\r\n8\r\n{"item":\r\n`)
    client.send(`6\r\n"tea"}\r\n0\r\n\r\n`)
    expect(await client.answer()).toMatchObject({ status: 201, headers: { connection: 'keep-alive' } })
    client.send(`GET /orders/1 HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 200 })
  })

  test('a body in chunks of one byte is rejected if there are too many of them', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`${post}Transfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(17_409)}`)
    const answer = await client.answer()
    expect(answer).toMatchObject({ status: 413, headers: { connection: 'close' } })
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'content-too-large',
      detail: expect.stringContaining('too many small chunks'),
    })
    await client.closed
  })

  test('a body with chunk extensions above the limit is rejected', async () => {
    const { port } = await serveForTest(shop, { bodyLimitBytes: 1_000 })
    using client = await openRaw(port)
    const chunk = `1;${'x'.repeat(10_000)}\r\n \r\n`
    client.send(`${post}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(2)}c\r\n{"item":"t"}\r\n0\r\n\r\n`)
    expect(await client.answer()).toMatchObject({ status: 201 })
    client.send(`${post}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(100)}`)
    expect(await client.answer()).toMatchObject({ status: 413, headers: { connection: 'close' } })
    await client.closed
  })

  test('the body of a DELETE is rejected, and the body of a GET is ignored', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    const rest = `/orders/1 HTTP/1.1\r\n${host}${jsonType}Content-Length: 2\r\n\r\n{}`
    client.send(`DELETE ${rest}`)
    expect(await client.answer()).toMatchObject({ status: 400, headers: { connection: 'keep-alive' } })
    client.send(`GET ${rest}`)
    expect(await client.answer()).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } })
    client.send(`DELETE /orders/1 HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 204 })
  })

  test('a body that the handler does not read is drained if it is short, and the connection is kept', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`POST /nothing HTTP/1.1\r\n${host}${jsonType}Content-Length: 10\r\n\r\n12345`)
    expect(await client.answer()).toMatchObject({ status: 404, headers: { connection: 'keep-alive' } })
    client.send(`67890GET /orders/1 HTTP/1.1\r\n${host}\r\n`)
    expect(await client.answer()).toMatchObject({ status: 200 })
  })

  test('a body with Expect: 100-continue is requested only if it will be read', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`${post}Expect: 100-continue\r\nContent-Length: 14\r\n\r\n`)
    expect(await client.answer()).toMatchObject({ status: 100 })
    client.send('{"item":"tea"}')
    expect(await client.answer()).toMatchObject({ status: 201 })
    client.send(`${post}Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n`)
    expect(await client.answer()).toMatchObject({ status: 413, headers: { connection: 'close' } })
  })

  test.each([
    ['the path', `POST /nothing HTTP/1.1\r\n${host}${jsonType}`, 404],
    ['the media type', `POST /orders HTTP/1.1\r\n${host}Content-Type: text/plain\r\n`, 415],
    ['Accept', `${post}Accept: text/html\r\n`, 406],
  ])('a body with Expect: 100-continue is not requested if %s rejects it', async (_, head, status) => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`${head}Expect: 100-continue\r\nContent-Length: 14\r\n\r\n`)
    expect(await client.answer()).toMatchObject({ status, headers: { connection: 'close' } })
  })

  test('a body with another expectation is read as if it had no expectation', async () => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(`${post}Expect: a-pony\r\nContent-Length: 14\r\n\r\n{"item":"tea"}`)
    expect(await client.answer()).toMatchObject({ status: 201 })
  })

  test('a truncated body does not run a handler', async () => {
    let calls = 0
    const { mutation, service } = holdfast({ database: noDatabase })
    const count = mutation({ route: 'POST /count', access: anyone('a test'), run: () => void (calls += 1) })
    const { port, url } = await serveForTest(service({ name: 'counting', operations: { count } }))
    const client = await openRaw(port)
    client.send(`POST /count HTTP/1.1\r\n${host}${jsonType}Content-Length: 20\r\n\r\n{`)
    client.socket.destroy()
    await fetch(`${url}/count`, { method: 'POST' })
    expect(calls).toBe(1)
  })
})
