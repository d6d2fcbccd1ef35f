import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { access, anyone, cookie, holdfast, type Identifier, respond, Unauthenticated } from 'holdfast'
import { serve, type Server as Served } from 'holdfast/node'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { missingChromium, openChromium } from '../openapi/chromium.fixture.ts'
import { noDatabase } from './shop.fixture.ts'

const missing = await missingChromium()
if (missing !== undefined) process.stderr.write(`CORS is not tested in a browser. ${missing}\n`)

// The browser sends this cookie from every site.
const session = cookie('__Host-session', { sameSite: 'none' })
const sessions: Identifier = {
  name: 'session',
  securitySchemes: { session: { in: 'cookie', name: session.name } },
  identify: ({ cookies }) => (cookies.get(session.name) === 'ann' ? { kind: 'user', id: 'ann' } : undefined),
}
const { mutation, service } = holdfast({ database: noDatabase, identify: sessions })
const signedIn = access('signedIn()', ({ caller }) => (caller.id === undefined ? Unauthenticated() : caller))
const idempotency = { optional: 'a test' } as const

/** Defines a service whose responses the pages of one other origin may read. */
const define = (origin: string) =>
  service({
    name: 'cors',
    cors: { origins: [origin], credentials: true },
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
        input: z.object({ item: z.string() }),
        output: z.object({ item: z.string() }),
        run: ({ input }) => input,
      }),
    },
  })

/** Serves empty pages on a free port. */
async function servePages(): Promise<{ readonly origin: string; readonly server: Server }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>A page</title>')
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, server }
}

describe.skipIf(missing !== undefined)('pages of other origins in a browser', () => {
  let browser: Browser
  let served: Served<ReturnType<typeof define>['operations']>
  let web: Awaited<ReturnType<typeof servePages>>
  let attacker: Awaited<ReturnType<typeof servePages>>
  let page: Page
  let url: string

  beforeAll(async () => {
    browser = await openChromium()
    web = await servePages()
    attacker = await servePages()
    served = await serve(define(web.origin), {
      port: 0,
      signals: false,
      drainDelay: '0s',
      env: { NODE_ENV: 'test', LOG_LEVEL: 'error' },
      notify: () => {},
    })
    url = `http://localhost:${new URL(served.url).port}`
    page = await browser.newPage()
    // A timeout that detects a hang, as in vitest.config.ts.
    page.setDefaultTimeout(240_000)
  })
  afterAll(async () => {
    await browser.close()
    await served.stop()
    for (const { server } of [web, attacker]) await new Promise((resolve) => server.close(resolve))
  })

  /**
   * Sends JSON with cookies from the page. Resolves to the part of the response that the page can
   * read.
   */
  const post = (path: string): Promise<string> =>
    page.evaluate<string>(`fetch('${url}${path}', {
      method: 'POST',
      credentials: 'include',
      headers: { 'content-type': 'application/json' },
      body: '{"item":"tea"}',
    }).then(
      async (response) => [response.status, await response.text(), response.headers.has('x-request-id')].join(' '),
      (error) => error.message,
    )`)

  test('a page of a listed origin signs in, sends its cookie and reads the response', async () => {
    await page.goto(web.origin)
    expect(await post('/session')).toBe('204  true')
    expect(await post('/orders')).toBe('200 {"item":"tea"} true')
  })

  test('a page of another origin cannot send such a request', async () => {
    await page.goto(attacker.origin)
    expect(await post('/orders')).toBe('Failed to fetch')
  })
})
