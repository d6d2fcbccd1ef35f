import { beforeAll, describe, expect, test } from 'vitest'
import { json, openShop, problemOf, type Shop, shop } from '../shop.fixture.ts'

let opened: Shop

beforeAll(async () => {
  opened = await openShop(shop, { bodyLimitBytes: 100 })
})

const post = (init: RequestInit) => opened.fetch('/orders', { method: 'POST', ...init })
const jsonType = { 'content-type': 'application/json' }

/** Returns a request with a body of unknown length, sent in chunks. */
function streamOf(...chunks: readonly string[]): RequestInit {
  const encoder = new TextEncoder()
  return { body: ReadableStream.from(chunks.map((chunk) => encoder.encode(chunk))), duplex: 'half' }
}

describe('the media type', () => {
  test.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"; x=1',
    'application/json ; x=";charset=latin1" ;',
    'application/merge-patch+json',
    'application/vnd.shop.v1+json',
  ])('the media type %s is accepted', async (type) => {
    const response = await post({ headers: { 'content-type': type }, body: '{"item":"tea"}' })
    expect(response.status).toBe(201)
  })

  test.each([
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/json-seq',
    'application/+json',
    'application/json; charset=latin1',
    'application/json;charset=utf-16',
    'multipart/form-data; boundary=application/json',
    'application/json, application/json',
    'application/json;a=b, text/plain',
    'application/json; charset=utf-8; charset=latin1',
    'application/json; charset',
    '',
  ])('the media type "%s" is rejected', async (type) => {
    const response = await post({ headers: { 'content-type': type }, body: '{"item":"tea"}' })
    expect(response.status).toBe(415)
    expect(response.headers.get('accept')).toBe('application/json')
    expect(await problemOf(response)).toMatchObject({ code: 'unsupported-media-type' })
  })

  test('the media type is required if there is a body', async () => {
    const response = await post(streamOf('{"item":"tea"}'))
    expect(response.status).toBe(415)
    expect(await problemOf(response)).toMatchObject({ detail: expect.stringContaining('no Content-Type') })
  })

  test('the media type is optional if there is no body', async () => {
    expect((await opened.fetch('/ping', { method: 'POST' })).status).toBe(204)
    expect((await opened.fetch('/ping', { method: 'POST', ...streamOf() })).status).toBe(204)
    expect(
      (await opened.fetch('/ping', { method: 'POST', headers: { 'content-type': 'text/plain' } })).status,
    ).toBe(204)
  })

  test('the media type does not make an encoded body acceptable', async () => {
    const encoded = (encoding: string) => post(json('{"item":"tea"}', { 'content-encoding': encoding }))
    expect((await encoded('gzip')).status).toBe(415)
    expect((await encoded('gzip')).headers.get('accept-encoding')).toBe('identity')
    expect((await encoded('identity')).status).toBe(201)
  })
})

describe('the length', () => {
  const fits = `{"item":"${'x'.repeat(89)}"}`

  test('the length of a body may equal the limit, but not exceed it', async () => {
    expect(fits).toHaveLength(100)
    expect((await post({ headers: jsonType, body: fits })).status).toBe(201)
    const response = await post({ headers: jsonType, body: `${fits} ` })
    expect(response.status).toBe(413)
    expect(await problemOf(response)).toMatchObject({
      code: 'content-too-large',
      detail: 'The body exceeds the limit of 100 bytes.',
    })
  })

  test('the length of a body is counted in bytes while the body is read', async () => {
    expect((await post({ headers: jsonType, ...streamOf(fits.slice(0, 50), fits.slice(50)) })).status).toBe(
      201,
    )
    expect((await post({ headers: jsonType, ...streamOf(fits, ' ') })).status).toBe(413)
    expect((await post({ headers: jsonType, ...streamOf('"', 'ü'.repeat(50), '"') })).status).toBe(413)
  })

  test('the length of a body is checked before the body is read if its headers declare it', async () => {
    let isRead = false
    const body = new ReadableStream(
      {
        pull(controller) {
          isRead = true
          controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    const response = await post({
      headers: { ...jsonType, 'content-length': '1073741824' },
      body,
      duplex: 'half',
    })
    expect(response.status).toBe(413)
    expect(isRead).toBe(false)
  })

  test('an endless body is read only up to the limit', async () => {
    let isCancelled = false
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('[[[[[[[[')),
      cancel() {
        isCancelled = true
      },
    })
    const response = await post({ headers: jsonType, body: endless, duplex: 'half' })
    expect(response.status).toBe(413)
    expect(isCancelled).toBe(true)
  })

  test('a declared length that is too low is not trusted', async () => {
    expect(
      (await post({ headers: { ...jsonType, 'content-length': '5' }, ...streamOf(`${fits} `) })).status,
    ).toBe(413)
    expect((await post({ headers: { ...jsonType, 'content-length': 'many' }, body: fits })).status).toBe(400)
  })

  test('the length of a body is limited to 1 MiB by default', async () => {
    const usual = await openShop(shop)
    const item = (bytes: number): RequestInit => json(`{"item":"${'x'.repeat(bytes - 11)}"}`)
    expect((await usual.fetch('/orders', item(1_048_576))).status).toBe(201)
    expect((await usual.fetch('/orders', item(1_048_577))).status).toBe(413)
  })
})

test('a body in very small chunks is rejected if there are too many of them', async () => {
  const usual = await openShop(shop)
  const inBytes = (length: number): RequestInit =>
    streamOf(...`{"item":"${'x'.repeat(length - 11)}"}`.split(''))
  const send = (init: RequestInit) => usual.fetch('/orders', { method: 'POST', headers: jsonType, ...init })
  // Any body may have 1,024 chunks, plus one for each 64 bytes of the limit.
  expect((await send(inBytes(17_408))).status).toBe(201)
  const response = await send(inBytes(17_409))
  expect(response.status).toBe(413)
  expect(await problemOf(response)).toMatchObject({
    code: 'content-too-large',
    detail: expect.stringContaining('too many small chunks'),
  })
})

describe('the body text', () => {
  test.each([
    ['an invalid byte', [0x22, 0xff, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['a lone surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a truncated character', [0x22, 0xe2, 0x82]],
  ])('a body text with %s is not UTF-8', async (_, bytes) => {
    const response = await post({ headers: jsonType, body: Uint8Array.from(bytes) })
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({
      code: 'bad-request',
      detail: 'The body is not valid UTF-8.',
    })
  })

  test('a body text with a byte order mark is not JSON', async () => {
    const response = await post({ headers: jsonType, body: '\ufeff{"item":"tea"}' })
    expect(response.status).toBe(400)
  })

  test.each(['{"item":', '{"item":"a","item":"b"}', '{"__proto__":{"item":"a"}}', ' '])(
    'the body text %j is rejected',
    async (body) => {
      const response = await post({ headers: jsonType, body })
      expect(response.status).toBe(400)
      expect(await problemOf(response)).toMatchObject({
        code: 'bad-request',
        detail: expect.stringContaining('line 1'),
      })
    },
  )

  test.each(['[]', 'null', '"item"', '1'])('the body text %s is not an object', async (body) => {
    const response = await post({ headers: jsonType, body })
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ detail: 'The body must be a JSON object.' })
  })

  test('the response to an invalid body names each invalid field', async () => {
    const response = await post({ headers: jsonType, body: '{"id":1,"item":{}}' })
    expect(response.status).toBe(422)
    expect(await problemOf(response)).toMatchObject({
      code: 'invalid-input',
      errors: [
        { pointer: '#/id', in: 'body' },
        { pointer: '#/item', in: 'body' },
      ],
    })
  })

  test('a truncated body is a client error', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new TypeError('gone'))
      },
    })
    const response = await post({ headers: jsonType, body, duplex: 'half' })
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ detail: 'The request body was truncated.' })
  })
})

test.each([
  ['of known length', { body: 'x' }],
  ['of unknown length', streamOf('x')],
])('a DELETE with a body %s is rejected', async (_, init) => {
  const response = await opened.fetch('/orders/1', { method: 'DELETE', ...init })
  expect(response.status).toBe(400)
  expect(await problemOf(response)).toMatchObject({
    code: 'bad-request',
    detail: 'A DELETE request must not have a body; send its input in the path and the query string.',
  })
})

test('a DELETE may have an empty body', async () => {
  expect((await opened.fetch('/orders/1', { method: 'DELETE', ...streamOf() })).status).toBe(204)
  const headers = { ...jsonType, 'content-length': '0' }
  expect((await opened.fetch('/orders/1', { method: 'DELETE', headers })).status).toBe(204)
})
