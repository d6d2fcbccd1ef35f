import { beforeAll, expect, test } from 'vitest'
import { openShop, problemOf, type Shop, shop } from '../shop.fixture.ts'

let opened: Shop

beforeAll(async () => {
  opened = await openShop(shop)
})

const statusFor = async (accept: string) => (await opened.fetch('/orders/1', { headers: { accept } })).status

test.each([
  '*/*',
  'application/*',
  'application/json',
  'Application/JSON',
  'application/json;q=0.001',
  'text/html, application/json;q=0.5',
  'text/html,*/*;q=0.1',
  'application/json; charset=utf-8',
  'application/json;charset=utf-8;q=0.5',
  'application/*;q=0, application/json',
  'text/html;q=0.9,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8',
  '',
])('"%s" allows JSON', async (accept) => {
  expect(await statusFor(accept)).toBe(200)
})

test.each([
  'text/html',
  'text/*',
  'application/xml',
  'application/jsonp',
  'application/json;q=0',
  'application/json ; q=0.000',
  '*/*;q=0',
  'application/json;q=0, */*',
  '*/*, application/*;q=0',
  'application/problem+json',
  'nonsense',
])('"%s" excludes JSON', async (accept) => {
  expect(await statusFor(accept)).toBe(406)
})

test('without the Accept header, any media type is accepted', async () => {
  expect((await opened.fetch('/orders/1')).status).toBe(200)
})

test('a request that does not accept JSON gets a problem, and its handler does not run', async () => {
  const response = await opened.fetch('/defects', { headers: { accept: 'text/html' } })
  expect(response.status).toBe(406)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(await problemOf(response)).toMatchObject({ code: 'not-acceptable' })
  expect(opened.log.filter((line) => !line.includes('"level":"info"'))).toEqual([])
})
