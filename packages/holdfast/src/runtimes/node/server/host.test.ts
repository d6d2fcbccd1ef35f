import { describe, expect, test } from 'vitest'
import { shop } from '../../../transports/http/shop.fixture.ts'
import { openRaw } from './raw-client.fixture.ts'
import { serveForTest } from '../serve.fixture.ts'

describe('a Host', () => {
  const get = 'GET /orders/1 HTTP/1.1\r\n'

  test.each([
    ['is missing', `${get}\r\n`],
    ['comes twice', `${get}Host: shop.test\r\nHost: other.test\r\n\r\n`],
    ['is empty', `${get}Host:\r\n\r\n`],
    ['is a list', `${get}Host: shop.test, other.test\r\n\r\n`],
    ['has a user', `${get}Host: me@shop.test\r\n\r\n`],
    ['has a path', `${get}Host: shop.test/orders\r\n\r\n`],
    ['has an invalid port', `${get}Host: shop.test:x\r\n\r\n`],
  ])('a request whose Host %s is rejected', async (_, request) => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    client.send(request)
    const answer = await client.answer()
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'application/problem+json' } })
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'bad-request',
      detail: expect.stringContaining('Host'),
    })
  })

  test.each(['shop.test', 'shop.test:8080', '127.0.0.1', '[::1]:3000', 'under_score.internal', 'SHOP'])(
    'the Host %s is accepted',
    async (name) => {
      const { port } = await serveForTest(shop)
      using client = await openRaw(port)
      client.send(`${get}Host: ${name}\r\n\r\n`)
      expect(await client.answer()).toMatchObject({ status: 200 })
    },
  )
})

test.each(['Content-Type', 'Authorization', 'If-Modified-Since', 'user-agent'])(
  'a second %s is rejected, regardless of its value',
  async (name) => {
    const { port } = await serveForTest(shop)
    using client = await openRaw(port)
    const field = `${name}: application/json\r\n`
    client.send(
      `POST /orders HTTP/1.1\r\nHost: a\r\n${field}X-Other: 1\r\n${field.toUpperCase()}Content-Length: 14\r\n\r\n{"item":"tea"}`,
    )
    const answer = await client.answer()
    expect(answer.status).toBe(400)
    expect(answer.body.toLowerCase()).toContain(`more than one ${name.toLowerCase()} header`)
  },
)
