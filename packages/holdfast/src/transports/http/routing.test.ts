import { anyone, holdfast } from 'holdfast'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { noDatabase, openShop, problemOf, type Shop, shop } from './shop.fixture.ts'

let opened: Shop

beforeAll(async () => {
  opened = await openShop(shop)
})

const { query, mutation, service } = holdfast({ database: noDatabase })

const answering = (route: `GET /${string}`, answer: string) =>
  query({
    route,
    access: anyone('a test'),
    input: z.looseObject(
      Object.fromEntries([...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, z.string()])),
    ),
    output: z.object({
      answer: z.string(),
      input: z.record(z.string(), z.string()).meta({ maxProperties: 9 }),
    }),
    run: ({ input }) => ({ answer, input: input as Record<string, string> }),
  })

const answerOf = async (tried: Shop, path: string) => (await tried.fetch(path)).json() as Promise<unknown>

describe('a path', () => {
  test('a path is routed to its operation, with decoded parameters', async () => {
    const response = await opened.fetch('/orders/a%2Fb%20%C3%BC%25')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ id: 'a/b ü%', item: 'tea' })
  })

  test('a path is the same in every percent-encoding', async () => {
    expect((await opened.fetch('/%6Frders/%31')).status).toBe(200)
    expect(await (await opened.fetch('/%6frders/%31')).json()).toEqual({ id: '1', item: 'tea' })
  })

  test.each(['/', '/nothing', '/orders/', '//orders', '/orders/1/lines', '/ORDERS'])(
    'the path %s matches no route',
    async (path) => {
      const response = await opened.fetch(path)
      expect(response.status).toBe(404)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await problemOf(response)).toEqual({
        type: '/problems/route-not-found',
        title: expect.any(String),
        status: 404,
        code: 'route-not-found',
        requestId: response.headers.get('x-request-id'),
      })
    },
  )

  test.each(['/orders/%zz', '/orders/%', '/orders/%C3', '/orders/%ff', '/%C3%28'])(
    'the path %s is rejected as malformed',
    async (path) => {
      const response = await opened.fetch(path)
      expect(response.status).toBe(400)
      expect(await problemOf(response)).toMatchObject({
        code: 'bad-request',
        detail: expect.stringContaining('path'),
      })
    },
  )

  test('a path with fixed text takes precedence over a path with a parameter, in any order of definition', async () => {
    const operations = {
      any: answering('GET /{a}/{b}', 'any'),
      itemOfAny: answering('GET /{a}/item', 'item of any'),
      anyOfList: answering('GET /list/{b}', 'any of list'),
      item: answering('GET /list/item', 'item'),
    }
    for (const ordered of [operations, Object.fromEntries(Object.entries(operations).toReversed())]) {
      const tried = await openShop(service({ name: 'ordered', operations: ordered }))
      expect(await answerOf(tried, '/x/y')).toEqual({ answer: 'any', input: { a: 'x', b: 'y' } })
      expect(await answerOf(tried, '/x/item')).toEqual({ answer: 'item of any', input: { a: 'x' } })
      expect(await answerOf(tried, '/list/y')).toEqual({ answer: 'any of list', input: { b: 'y' } })
      expect(await answerOf(tried, '/list/item')).toEqual({ answer: 'item', input: {} })
      expect((await tried.fetch('/x/y', { method: 'constructor' })).status).toBe(405)
    }
  })

  test('a path may contain characters that are special to routers', async () => {
    const operations = {
      colon: answering('GET /a:b/{id}', 'colon'),
      mark: answering("GET /(x)+!$&',;=@", 'marks'),
      tilde: answering('GET /~me', 'tilde'),
      escaped: answering('GET /caf%C3%A9', 'escaped'),
    }
    const tried = await openShop(service({ name: 'odd', operations }))
    expect(await answerOf(tried, '/a:b/1')).toMatchObject({ answer: 'colon', input: { id: '1' } })
    expect(await answerOf(tried, "/(x)+!$&',;=@")).toMatchObject({ answer: 'marks' })
    expect(await answerOf(tried, '/~me')).toMatchObject({ answer: 'tilde' })
    expect(await answerOf(tried, '/café')).toMatchObject({ answer: 'escaped' })
    expect((await tried.fetch('/aXb/1')).status).toBe(404)
    expect((await tried.fetch('/xx')).status).toBe(404)
  })

  test('a path may name its parameters differently for another method', async () => {
    const close = mutation({
      route: 'POST /accounts/{account}/close',
      access: anyone('a test'),
      input: z.object({ account: z.string() }),
      output: z.object({ closed: z.string() }),
      run: ({ input }) => ({ closed: input.account }),
    })
    const read = answering('GET /accounts/{id}', 'read')
    const tried = await openShop(service({ name: 'names', operations: { close, read } }))
    const response = await tried.fetch('/accounts/7/close', { method: 'POST' })
    expect(await response.json()).toEqual({ closed: '7' })
    expect(await answerOf(tried, '/accounts/7')).toMatchObject({ input: { id: '7' } })
  })
})

describe('a query string', () => {
  test('a query string is decoded: a plus sign as a space, a repeated name as a list', async () => {
    const response = await opened.fetch('/orders?t%61g=a+b&tag=%2B%C3%BC&&tag&tag==&min=-3')
    expect(await response.json()).toEqual({ tags: ['a b', '+ü', '', '='], min: -3 })
  })

  test.each(['?tag=%zz', '?%=1', '?tag=%C3%28', '?__proto__=1'])(
    'the query string %s is rejected as malformed',
    async (search) => {
      const response = await opened.fetch(`/orders${search}`)
      expect(response.status).toBe(400)
      expect(await problemOf(response)).toMatchObject({
        code: 'bad-request',
        detail: expect.stringContaining('query string'),
      })
    },
  )

  test('a query string with names that objects inherit works like any other', async () => {
    expect((await opened.fetch('/orders?constructor=1&toString=2&hasOwnProperty=3')).status).toBe(200)
  })

  test('the response to an invalid query string names the invalid field', async () => {
    const response = await opened.fetch('/orders?min=x')
    expect(response.status).toBe(422)
    expect(await problemOf(response)).toMatchObject({
      code: 'invalid-input',
      errors: [{ pointer: '#/min', in: 'query', detail: expect.any(String) }],
    })
  })
})

describe('a method', () => {
  test('the response to an unsupported method lists the methods that the path supports', async () => {
    const response = await opened.fetch('/orders/1', { method: 'PATCH' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('DELETE, GET, HEAD, OPTIONS')
    expect(await problemOf(response)).toMatchObject({
      code: 'method-not-allowed',
      detail: expect.stringContaining('DELETE'),
    })
  })

  test.each(['PROPFIND', 'ALL', 'constructor', '__proto__'])(
    'a method that no operation uses, such as %s, is rejected',
    async (method) => {
      const response = await opened.fetch('/orders', { method })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST')
    },
  )

  test('OPTIONS lists the methods of a path', async () => {
    const response = await opened.fetch('/ping', { method: 'OPTIONS' })
    expect(response.status).toBe(204)
    expect(response.headers.get('allow')).toBe('OPTIONS, POST')
    expect(await response.text()).toBe('')
    expect((await opened.fetch('/nothing', { method: 'OPTIONS' })).status).toBe(404)
  })

  test('the methods of a path are combined from all routes that match it', async () => {
    const search = mutation({
      route: 'POST /orders/search',
      access: anyone('a test'),
      output: z.object({ found: z.boolean() }),
      run: () => ({ found: true }),
    })
    const tried = await openShop(
      service({ name: 'both', operations: { search, read: answering('GET /orders/{id}', 'read') } }),
    )
    expect(await answerOf(tried, '/orders/search')).toMatchObject({ input: { id: 'search' } })
    expect((await tried.fetch('/orders/search', { method: 'POST' })).status).toBe(200)
    const response = await tried.fetch('/orders/search', { method: 'DELETE' })
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST')
  })
})

test('a service without operations answers too', async () => {
  const tried = await openShop(service({ name: 'empty', operations: {} }))
  expect((await tried.fetch('/orders')).status).toBe(404)
})
