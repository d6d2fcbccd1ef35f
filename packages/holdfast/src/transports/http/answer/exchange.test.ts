import { anyone, type Database, holdfast } from 'holdfast'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { TraceContext } from '../../../kernel/telemetry/trace-context.ts'
import { json, noDatabase, openShop, problemOf, type Shop, shop } from '../shop.fixture.ts'

let opened: Shop

beforeAll(async () => {
  opened = await openShop(shop)
})

const everyKind: readonly [status: string, path: string, init?: RequestInit][] = [
  ['200', '/orders/1'],
  ['201', '/orders', json('{"item":"tea"}')],
  ['204', '/ping', { method: 'POST' }],
  ['304', '/orders/1', { headers: { 'if-none-match': '*' } }],
  ['400', '/orders/%zz'],
  ['404', '/nothing'],
  ['405', '/ping'],
  ['406', '/orders/1', { headers: { accept: 'text/html' } }],
  ['409', '/orders', json('{"item":"gone"}')],
  ['415', '/orders', { method: 'POST', body: 'x' }],
  ['422', '/orders', json('{}')],
  ['500', '/defects'],
]

describe.each(everyKind)('an answer %s', (...[status, path, init = {}]) => {
  const send = (headers: Record<string, string> = {}) =>
    opened.fetch(path, { ...init, headers: { ...(init.headers as Record<string, string>), ...headers } })

  test('an answer of any kind has the headers common to all answers', async () => {
    const { status: actual, headers } = await send()
    expect(actual).toBe(Number(status))
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.get('traceparent')).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/)
  })

  test("an answer of any kind has the caller's request id and trace", async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const response = await send({ 'x-request-id': 'A-z_0.9~', traceparent })
    expect(response.headers.get('x-request-id')).toBe('A-z_0.9~')
    expect(response.headers.get('traceparent')).toMatch(
      /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/,
    )
    expect(response.headers.get('traceparent')).not.toContain('b7ad6b7169203331')
  })
})

test.each([
  'short',
  'x'.repeat(7),
  'x'.repeat(129),
  'with blank',
  'semi;colon',
  'new\tline',
  'ünicode',
  '<script>',
  'a/b/c/d/e',
  '',
])('the request id %j is malformed and replaced by a new one', async (id) => {
  const headers = { 'x-request-id': id }
  expect((await opened.fetch('/orders/1', { headers })).headers.get('x-request-id')).toMatch(
    /^[0-9a-f-]{36}$/,
  )
})

test('a request id of 8 to 128 characters is kept', async () => {
  for (const id of ['x'.repeat(8), 'x'.repeat(128)]) {
    const response = await opened.fetch('/orders/1', { headers: { 'x-request-id': id } })
    expect(response.headers.get('x-request-id')).toBe(id)
  }
})

test.each([
  'nonsense',
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
])('a new trace starts if traceparent is %s', async (traceparent) => {
  const answered = (await opened.fetch('/orders/1', { headers: { traceparent } })).headers.get('traceparent')
  expect(answered).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  expect(answered).not.toContain('0af7651916cd43dd8448eb211c80319c')
})

test('a call has the same request id as its answer', async () => {
  const { query, service } = holdfast()
  const operations = {
    whoAmI: query({
      route: 'GET /call',
      access: anyone('a test'),
      output: z.object({ requestId: z.string() }),
      run: ({ requestId, log }) => {
        log.info('called')
        return { requestId }
      },
    }),
  }
  const tried = await openShop(service({ name: 'ids', operations }))
  const response = await tried.fetch('/call')
  const requestId = response.headers.get('x-request-id')
  expect(await response.json()).toEqual({ requestId })
  expect(JSON.parse(tried.log[0]!)).toMatchObject({ requestId, operation: 'whoAmI', msg: 'called' })
})

test('a call has the trace position that its answer reports', async () => {
  const traces: TraceContext[] = []
  const database: Database<undefined, undefined> = {
    ...noDatabase,
    open: async (host) => ({
      ...(await noDatabase.open(host)),
      stageFor: () => (call, next) => {
        traces.push(call.span.trace)
        return next(call)
      },
    }),
  }
  const { query, service } = holdfast({ database })
  const read = query({ route: 'GET /read', access: anyone('a test'), run: () => {} })
  const tried = await openShop(service({ name: 'traced', operations: { read } }))
  const { headers } = await tried.fetch('/read')
  expect(headers.get('traceparent')).toBe(`00-${traces[0]!.traceId}-${traces[0]!.spanId}-00`)
})

test('a problem has the same request id as its answer', async () => {
  const response = await opened.fetch('/defects')
  expect(await problemOf(response)).toMatchObject({ requestId: response.headers.get('x-request-id') })
})
