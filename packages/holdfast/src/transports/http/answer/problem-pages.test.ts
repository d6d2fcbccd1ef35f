import { createHash } from 'node:crypto'
import { anyone, holdfast } from 'holdfast'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { json, openShop, type Shop, shop } from '../shop.fixture.ts'

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'
let opened: Shop

beforeAll(async () => {
  opened = await openShop(shop)
})

const pageAs = (path: string, accept: string) => opened.fetch(path, { headers: { accept } })

describe('the page of a problem', () => {
  test('the page of a problem is served at its type', async () => {
    const refused = (await (await opened.fetch('/orders', json('{"item":"gone"}'))).json()) as {
      type: string
    }
    const page = await (await pageAs(refused.type, browser)).text()
    expect(page).toContain('<code>sold-out</code>')
    expect(page).toContain('409')
  })

  test('the page of a problem escapes all texts of the service', async () => {
    const page = await (await pageAs('/problems/sold-out', browser)).text()
    expect(page).toContain('<h1>Nothing &lt;b&gt;is&lt;/b&gt; left</h1>')
    expect(page).toContain('<title>Nothing &lt;b&gt;is&lt;/b&gt; left</title>')
    expect(page).toContain('Another call was faster &amp; &quot;took&quot; it.')
    expect(page).toContain('How many &lt;i&gt;are&lt;/i&gt; left.')
    expect(page).not.toMatch(/<b>|<i>|<script/)
  })

  test('the page of a problem loads nothing, runs no script, and allows only its own style', async () => {
    const response = await pageAs('/problems/sold-out', browser)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const page = await response.text()
    const style = /<style>(.*?)<\/style>/s.exec(page)![1]!
    const hash = createHash('sha256').update(style).digest('base64')
    expect(response.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    expect(page).not.toMatch(/src=|url\(|@import|style="| on\w+=/)
  })

  test('the page of a problem is JSON for clients that prefer it', async () => {
    const response = await pageAs('/problems/sold-out', 'application/json')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('vary')).toBe('accept')
    expect(await response.json()).toEqual({
      code: 'sold-out',
      type: '/problems/sold-out',
      status: 409,
      title: 'Nothing <b>is</b> left',
      description: 'Another call was faster & "took" it.',
      members: [{ name: 'left', type: 'integer', description: 'How many <i>are</i> left.' }],
      retry: { mayHelp: false, text: expect.stringContaining('After fixing the cause, use a new key') },
    })
    const typeFor = async (accept: string) => (await pageAs('/problems', accept)).headers.get('content-type')
    expect(await typeFor('application/json, text/html;q=0.9')).toBe('application/json')
    expect(await typeFor('text/html, application/json')).toContain('text/html')
    expect(await typeFor('*/*')).toContain('text/html')
    expect(await typeFor('application/json;q=0.1, */*;q=0')).toBe('application/json')
  })

  test('the page of a problem states whether a retry can help', async () => {
    const adviceOn = async (code: string) => {
      const response = await pageAs(`/problems/${code}`, 'application/json')
      return ((await response.json()) as { retry: { mayHelp: boolean } }).retry.mayHelp
    }
    for (const code of ['unavailable', 'deadline-exceeded', 'internal-error', 'request-timeout']) {
      expect(await adviceOn(code), code).toBe(true)
    }
    for (const code of ['bad-request', 'invalid-input', 'forbidden', 'sold-out'])
      expect(await adviceOn(code), code).toBe(false)
  })

  test('the page of an unknown code is not found', async () => {
    const response = await pageAs('/problems/nonsense', browser)
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  test('the page of a problem can be cached, and supports HEAD', async () => {
    const first = await pageAs('/problems/sold-out', browser)
    const again = { headers: { accept: browser, 'if-none-match': first.headers.get('etag')! } }
    expect((await opened.fetch('/problems/sold-out', again)).status).toBe(304)
    expect((await opened.fetch('/problems', { method: 'HEAD' })).status).toBe(200)
    expect((await opened.fetch('/problems', { method: 'POST' })).headers.get('allow')).toBe(
      'GET, HEAD, OPTIONS',
    )
  })
})

test('the list of problems contains every problem of the service, sorted by status', async () => {
  const response = await pageAs('/problems', 'application/json')
  const { problems } = (await response.json()) as { problems: { code: string; status: number }[] }
  expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(opened.running.problems.keys()))
  const statuses = problems.map(({ status }) => status)
  expect(statuses).toEqual(statuses.toSorted((a, b) => a - b))
  const page = await (await pageAs('/problems', browser)).text()
  for (const code of opened.running.problems.keys()) expect(page).toContain(`href="/problems/${code}"`)
})

describe('a service', () => {
  const { query, service } = holdfast()
  const own = (route: `GET /${string}`) =>
    query({
      route,
      access: anyone('a test'),
      input: z.object(
        Object.fromEntries([...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, z.string()])),
      ),
      output: z.object({ own: z.boolean() }),
      run: () => ({ own: true }),
    })

  test('a service with a different problemTypeBase has no pages', async () => {
    const elsewhere = service({
      name: 'elsewhere',
      operations: {},
      problemTypeBase: 'https://docs.test/problems/',
    })
    const tried = await openShop(elsewhere)
    const response = await tried.fetch('/problems')
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ type: 'https://docs.test/problems/route-not-found' })
  })

  test.each(['GET /problems', 'GET /{anything}'] as const)(
    'a service with the route %s handles the route itself',
    async (route) => {
      const tried = await openShop(service({ name: 'own', operations: { own: own(route) } }))
      expect(await (await tried.fetch('/problems')).json()).toEqual({ own: true })
      expect((await tried.fetch('/problems/forbidden')).headers.get('content-type')).toContain('text/html')
    },
  )

  test.each(['GET /problems/{id}', 'GET /{a}/{b}'] as const)(
    'a service with the route %s handles the route itself',
    async (route) => {
      const tried = await openShop(service({ name: 'own', operations: { own: own(route) } }))
      expect(await (await tried.fetch('/problems/forbidden')).json()).toEqual({ own: true })
      expect((await tried.fetch('/problems')).headers.get('content-type')).toContain('text/html')
    },
  )
})
