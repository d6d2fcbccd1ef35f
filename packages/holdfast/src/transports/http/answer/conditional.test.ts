import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { json, openShop, type Shop, shop } from '../shop.fixture.ts'

let opened: Shop
let etag: string

beforeAll(async () => {
  opened = await openShop(shop)
  etag = (await opened.fetch('/orders/1')).headers.get('etag')!
})

const ifNoneMatch = (value: string, method = 'GET') =>
  opened.fetch('/orders/1', { method, headers: { 'if-none-match': value } })

describe('an entity tag', () => {
  test('an entity tag is strong, and depends only on the bytes of the body', async () => {
    expect(etag).toMatch(/^"[\w-]+"$/)
    const body = await (await opened.fetch('/orders/1')).text()
    expect(etag).toBe(`"${createHash('sha256').update(body).digest('base64url')}"`)
    expect((await opened.fetch('/orders/1')).headers.get('etag')).toBe(etag)
    expect((await opened.fetch('/orders/2')).headers.get('etag')).not.toBe(etag)
  })

  test('an entity tag is sent only with reads', async () => {
    const answers = await Promise.all([
      opened.fetch('/orders', json('{"item":"tea"}')),
      opened.fetch('/orders', json('{"item":"gone"}')),
      opened.fetch('/nothing'),
      opened.fetch('/ping', { method: 'POST' }),
    ])
    expect(answers.map((answer) => answer.headers.get('etag'))).toEqual([null, null, null, null])
  })
})

describe('If-None-Match', () => {
  test('If-None-Match with the current tag gets a 304 without a body', async () => {
    const response = await ifNoneMatch(etag)
    expect(response.status).toBe(304)
    expect(await response.text()).toBe('')
    expect(response.headers.get('etag')).toBe(etag)
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(response.headers.get('content-type')).toBeNull()
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
  })

  test('If-None-Match compares weakly, and accepts lists', async () => {
    for (const value of [`W/${etag}`, `"other", ${etag}`, `"a,b",W/${etag} , "c"`, '*', ' * ']) {
      expect((await ifNoneMatch(value)).status, value).toBe(304)
      expect((await ifNoneMatch(value, 'HEAD')).status, value).toBe(304)
    }
  })

  test('If-None-Match with a different tag gets the full response', async () => {
    for (const value of ['"other"', etag.replaceAll('"', ''), `"x${etag.slice(1)}`, '', '"*"']) {
      expect((await ifNoneMatch(value)).status, value).toBe(200)
    }
  })

  test('If-None-Match is ignored for mutations and failures', async () => {
    expect((await opened.fetch('/orders', json('{"item":"tea"}', { 'if-none-match': '*' }))).status).toBe(201)
    expect((await opened.fetch('/nothing', { headers: { 'if-none-match': '*' } })).status).toBe(404)
  })
})

test('HEAD is answered like GET, without the body', async () => {
  for (const path of ['/orders/ü', '/nothing', '/orders?min=x']) {
    const [get, head] = await Promise.all([opened.fetch(path), opened.fetch(path, { method: 'HEAD' })])
    expect(head.status).toBe(get.status)
    const body = await get.text()
    expect(await head.text()).toBe('')
    const bytes = String(Buffer.byteLength(body))
    const own = ['x-request-id', 'traceparent']
    const shared = (response: Response) =>
      Object.fromEntries([...response.headers].filter(([name]) => !own.includes(name)))
    expect(shared(head)).toEqual({ ...shared(get), 'content-length': bytes })
  }
})

test('reads may be cached with revalidation, everything else may not be cached', async () => {
  const cacheControl = async (path: string, init?: RequestInit) =>
    (await opened.fetch(path, init)).headers.get('cache-control')
  expect(await cacheControl('/orders/1')).toBe('no-cache')
  expect(await cacheControl('/orders', json('{"item":"tea"}'))).toBe('no-store')
  expect(await cacheControl('/ping', { method: 'POST' })).toBe('no-store')
  expect(await cacheControl('/nothing')).toBe('no-store')
  expect(await cacheControl('/orders?min=x')).toBe('no-store')
  expect(await cacheControl('/orders', { method: 'OPTIONS' })).toBe('no-store')
})
