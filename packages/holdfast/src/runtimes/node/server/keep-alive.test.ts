import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { shop } from '../../../transports/http/shop.fixture.ts'
import { openRaw } from './raw-client.fixture.ts'
import { serveForTest } from '../serve.fixture.ts'

const get = 'GET /orders/1 HTTP/1.1\r\nHost: shop.test\r\n\r\n'

/** Returns the keep-alive time that the first response on a connection announces. */
async function announced(port: number): Promise<string | undefined> {
  using client = await openRaw(port)
  client.send(get)
  return (await client.answer()).headers['keep-alive']
}

describe('an idle connection', () => {
  test('an idle connection is kept for longer than the 60 s of most proxies', async () => {
    const { port } = await serveForTest(shop)
    expect(await announced(port)).toBe('timeout=75')
  })

  test('an idle connection is kept for the time in the option or the variable; the option takes precedence', async () => {
    const env = { NODE_ENV: 'test', KEEP_ALIVE_TIMEOUT: '620s' }
    expect(await announced((await serveForTest(shop, { env })).port)).toBe('timeout=620')
    const { port } = await serveForTest(shop, { env, keepAliveTimeout: '5s' })
    expect(await announced(port)).toBe('timeout=5')
  })

  test('an idle connection is closed afterwards, and not before', async () => {
    const { port } = await serveForTest(shop, { keepAliveTimeout: '1s' })
    using client = await openRaw(port)
    const startedMs = performance.now()
    client.send(get)
    await client.answer()
    await client.closed
    expect(performance.now() - startedMs).toBeGreaterThan(1_000)
  })

  test('an idle connection is not closed while the header fields of another request arrive slowly', async () => {
    const { port } = await serveForTest(shop, { headerTimeout: '1s', requestTimeout: '1s' })
    using idle = await openRaw(port)
    idle.send(get)
    await idle.answer()
    using late = await openRaw(port)
    late.send('GET /orders/1 HTTP/1.1\r\nHo')
    expect((await late.answer()).status).toBe(408)
    idle.send(get)
    expect((await idle.answer()).status).toBe(200)
    // A new request has its own timeout, which starts with its first byte.
    idle.send('GET /orders/1 HTTP/1.1\r\nHo')
    expect((await idle.answer()).status).toBe(408)
    if (!idle.socket.destroyed) await once(idle.socket, 'close')
  })
})
