import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { access, anyone, cookie, holdfast, type Identifier, respond, Unauthenticated } from 'holdfast'
import { serve, type Server as Served } from 'holdfast/node'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingChromium, openChromium } from '../openapi/chromium.fixture.ts'
import { noDatabase } from './shop.fixture.ts'

const missing = await missingChromium()
if (missing !== undefined) process.stderr.write(`Cookies are not tested in a browser. ${missing}\n`)

// The browser sends this cookie from every site, so only the origin check can reject the request.
const session = cookie('__Host-session', { sameSite: 'none' })
const sessions: Identifier = {
  name: 'session',
  securitySchemes: { session: { in: 'cookie', name: session.name } },
  identify: ({ cookies }) => (cookies.get(session.name) === 'ann' ? { kind: 'user', id: 'ann' } : undefined),
}
const { mutation, service } = holdfast({ database: noDatabase, identify: sessions })
const signedIn = access('signedIn()', ({ caller }) => (caller.id === undefined ? Unauthenticated() : caller))
const idempotency = { optional: 'a test' } as const

let orders = 0
const shop = service({
  name: 'cookies',
  operations: {
    signIn: mutation({
      route: 'POST /session',
      access: anyone('a test'),
      idempotency,
      cookies: [session],
      run: () => respond(undefined, { cookies: [session.set('ann')] }),
    }),
    order: mutation({
      route: 'POST /orders',
      access: signedIn,
      idempotency,
      run: () => void (orders += 1),
    }),
  },
})

describe.skipIf(missing !== undefined)('cookies in a browser', () => {
  let browser: Browser
  let served: Served<typeof shop.operations>
  let attacker: Server
  let page: Page
  let url: string

  beforeAll(async () => {
    browser = await openChromium()
    served = await serve(shop, {
      port: 0,
      signals: false,
      drainDelay: '0s',
      env: { NODE_ENV: 'test', LOG_LEVEL: 'error' },
      notify: () => {},
    })
    url = `http://localhost:${new URL(served.url).port}`
    attacker = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<form method="post" action="${url}/orders"><button>Win a prize</button></form>`)
    })
    await new Promise<void>((resolve) => attacker.listen(0, resolve))
    // Problem pages have a policy that forbids requests.
    page = await (await browser.newContext({ bypassCSP: true })).newPage()
    // A timeout that detects a hang, as in vitest.config.ts.
    page.setDefaultTimeout(240_000)
  })
  afterAll(async () => {
    await browser.close()
    await served.stop()
    await new Promise((resolve) => attacker.close(resolve))
  })

  const post = (path: string): Promise<number> =>
    page.evaluate<number>(`fetch('${path}', { method: 'POST' }).then(({ status }) => status)`)

  test('a page of the service signs in, and scripts cannot read its cookie', async () => {
    await page.goto(`${url}/problems`)
    expect(await post('/orders')).toBe(401)
    expect(await post('/session')).toBe(204)
    expect(await post('/orders')).toBe(204)
    expect(await page.evaluate('document.cookie')).toBe('')
    const cookies = await page.context().cookies(url)
    expect(cookies).toMatchObject([{ name: '__Host-session', httpOnly: true, secure: true }])
  })

  // `localhost` on a different port is a different origin of the same site.
  test.each(['127.0.0.1', 'localhost'])(
    'a form on %s is refused, although its cookie is sent',
    async (host) => {
      orders = 0
      const { port } = attacker.address() as AddressInfo
      await page.goto(`http://${host}:${port}/`)
      const answered = page.waitForResponse(`${url}/orders`)
      await page.getByRole('button').click()
      const response = await answered
      expect((await response.request().allHeaders())['cookie']).toBe('__Host-session=ann')
      expect(response.status()).toBe(403)
      expect(orders).toBe(0)
    },
  )
})
