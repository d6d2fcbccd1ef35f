import { anyone, holdfast, type Service } from 'holdfast'
import { createHandler, fromRequest, type HttpRequest } from 'holdfast/http'
import { documentation } from 'holdfast/openapi'
import { z } from 'zod'
import { describe, expect, test } from 'vitest'
import { openShop } from '../http/shop.fixture.ts'
import { serveForTest } from '../../runtimes/node/serve.fixture.ts'

const { query, service } = holdfast()

const hello = query({
  route: 'GET /hello',
  access: anyone('a test'),
  output: z.object({ text: z.string() }),
  run: () => ({ text: 'hello' }),
})

const greeter = service({ name: '<greeter>', operations: { hello } })

const documented = (of: Service = greeter) => openShop(of, { pages: documentation })

const get = (path: string): HttpRequest => fromRequest(new Request(`http://shop.test${path}`))

const html = /^text\/html/

describe('documentation', () => {
  test.each(['development', 'test', 'production'])(
    'documentation is served by default, in %s too',
    async (mode) => {
      const { url } = await serveForTest(greeter, { env: { NODE_ENV: mode }, host: '127.0.0.1' })
      const document = await fetch(`${url}/openapi.json`)
      expect(document.headers.get('content-type')).toBe('application/json')
      expect(await document.json()).toMatchObject({ openapi: '3.1.1', info: { title: '<greeter>' } })
      const page = await fetch(`${url}/docs`)
      expect(page.status).toBe(200)
      expect(page.headers.get('content-type')).toMatch(html)
    },
  )

  test('documentation is not served if it is disabled', async () => {
    const { url } = await serveForTest(greeter, { documentation: false })
    for (const path of ['/openapi.json', '/docs']) expect((await fetch(url + path)).status).toBe(404)
    expect((await fetch(`${url}/hello`)).status).toBe(200)
  })
})

describe.each(['/openapi.json', '/docs'])('%s', (path) => {
  test('a documentation page gets a 304 while it is unchanged', async () => {
    const { fetch } = await documented()
    const first = await fetch(path)
    expect(first.headers.get('cache-control')).toBe('no-cache')
    const again = await fetch(path, { headers: { 'if-none-match': first.headers.get('etag')! } })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    expect((await fetch(path, { headers: { 'if-none-match': '"another"' } })).status).toBe(200)
  })

  test('a documentation page supports HEAD, and accepts no other method', async () => {
    const { fetch } = await documented()
    const head = await fetch(path, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100)
    expect((await fetch(path, { method: 'POST' })).status).toBe(405)
  })

  test('an operation with the route of a documentation page replaces that page', async () => {
    const own = query({ ...definitionOf(path), run: () => ({ text: 'my own' }) })
    const { fetch } = await documented(service({ name: 'own', operations: { own } }))
    expect(await (await fetch(path)).json()).toEqual({ text: 'my own' })
  })
})

describe('/docs', () => {
  test('/docs loads one script, whose name and integrity match its bytes', async () => {
    const { fetch } = await documented()
    const page = await (await fetch('/docs')).text()
    const [, source, integrity] = /<script src="([^"]*)" integrity="([^"]*)">/.exec(page)!
    const script = await fetch(`/${source}`)
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    const digest = await crypto.subtle.digest('SHA-256', await script.arrayBuffer())
    expect(integrity).toBe(`sha256-${Buffer.from(digest).toString('base64')}`)
    expect(source).toContain(Buffer.from(digest).toString('base64url').slice(0, 16))
    expect([...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, to]) => to)).toEqual(['data:,', source])
    expect((await fetch('/docs/reference-of-another-time.js')).status).toBe(404)
  })

  test('/docs may run that script and load nothing else', async () => {
    const { fetch } = await documented()
    const policy = (await fetch('/docs')).headers.get('content-security-policy')!
    const directives = new Map(policy.split('; ').map((directive) => [directive.split(' ')[0], directive]))
    expect(directives.get('default-src')).toBe("default-src 'none'")
    expect(directives.get('connect-src')).toBe("connect-src 'self'")
    expect(directives.get('script-src')).toMatch(/^script-src 'self' 'sha256-[^']+'$/)
    expect(policy).not.toMatch(/https?:|unsafe-eval|script-src[^;]*unsafe-inline/)
  })

  test('/docs escapes the name of the service', async () => {
    const { fetch } = await documented()
    expect(await (await fetch('/docs')).text()).toContain('<title>&lt;greeter&gt; API</title>')
  })

  test('/docs says which package to install if the reference is missing', async () => {
    const { running } = await documented()
    const { fetch } = createHandler(running, { pages: (of) => documentation(of, async () => undefined) })
    const page = await fetch(new Request('http://shop.test/docs'))
    expect(page.status).toBe(501)
    expect(page.headers.get('content-type')).toMatch(html)
    expect(await page.text()).toContain('npm i @scalar/api-reference')
    expect((await fetch(new Request('http://shop.test/openapi.json'))).status).toBe(200)
  })

  test('/docs reads the reference again after a failure', async () => {
    const { running } = await documented()
    let readings = 0
    const readBundle = async () => {
      readings += 1
      if (readings === 1) throw new TypeError('not now')
      return undefined
    }
    const { fetch } = createHandler(running, { pages: (of) => documentation(of, readBundle) })
    expect((await fetch(new Request('http://shop.test/docs'))).status).toBe(500)
    expect((await fetch(new Request('http://shop.test/docs'))).status).toBe(501)
    expect((await fetch(new Request('http://shop.test/docs'))).status).toBe(501)
    expect(readings).toBe(2)
  })
})

test('every page is in memory once, no matter how many clients read it', async () => {
  const { running, fetch } = await documented()
  const { answer } = createHandler(running, { pages: documentation })
  const [, script] = /<script src="([^"]*)"/.exec(await (await fetch('/docs')).text())!
  for (const path of ['/openapi.json', '/docs', `/${script}`, '/problems', '/problems/bad-request']) {
    const [first, second] = [await answer(get(path)), await answer(get(path))]
    expect(first.body).toBeInstanceOf(Uint8Array)
    expect(second.body).toBe(first.body)
  }
})

test('nothing is read or generated before the first request', async () => {
  const { running } = await documented()
  let readings = 0
  const readBundle = async () => {
    readings += 1
    return undefined
  }
  const unreadable = {
    ...running,
    get operations(): never {
      return expect.unreachable('the document was made')
    },
  }
  expect(documentation(unreadable, readBundle)).toHaveLength(3)
  expect(readings).toBe(0)
})

function definitionOf(path: string): Pick<Parameters<typeof query>[0], 'route' | 'access' | 'output'> {
  return {
    route: `GET ${path}` as `GET /${string}`,
    access: anyone('a test'),
    output: z.object({ text: z.string() }),
  }
}
