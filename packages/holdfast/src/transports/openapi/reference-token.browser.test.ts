import { access, holdfast, type Identifier, Unauthenticated } from 'holdfast'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { serveForTest } from '../../runtimes/node/serve.fixture.ts'
import { missingChromium, openChromium } from './chromium.fixture.ts'

const missing = await missingChromium()
if (missing !== undefined) process.stderr.write(`The field for a token is not tested. ${missing}\n`)

const session: Identifier = {
  name: 'session',
  securitySchemes: { cookie: { in: 'cookie', name: '__Host-session' } },
  identify: () => undefined,
}
const tokens: Identifier = {
  name: 'token',
  securitySchemes: { token: { scheme: 'bearer', description: 'A token from the </script> console.' } },
  identify({ header }) {
    const token = header('authorization')
    if (token === undefined) return undefined
    if (token !== 'Bearer t-ann') throw Unauthenticated()
    return { kind: 'user', id: 'ann' }
  },
}
const { query, service } = holdfast({ identify: [session, tokens] })
const shop = service({
  name: 'shop',
  operations: {
    whoAmI: query({
      route: 'GET /me',
      summary: 'Who am I',
      access: access('signedIn()', ({ caller }) => (caller.id === undefined ? Unauthenticated() : caller)),
      output: z.object({ id: z.string() }),
      run: ({ caller }) => ({ id: caller.id ?? '' }),
    }),
  },
})

describe.skipIf(missing !== undefined)('the field for a token in /docs', () => {
  let browser: Browser
  beforeAll(async () => void (browser = await openChromium()))
  afterAll(() => browser.close())

  test('a request that a reader tries out has the entered token, which is not stored', async () => {
    const { url } = await serveForTest(shop)
    const page = await browser.newPage({ viewport: { width: 1_400, height: 1_000 } })
    // A timeout that detects a hang, as in vitest.config.ts.
    page.setDefaultTimeout(240_000)
    await page.goto(`${url}/docs`)
    await page.getByPlaceholder('Token').fill('t-ann')
    const answer = await tryOut(page)
    expect(answer).toEqual({ status: 200, authorization: 'Bearer t-ann', body: '{"id":"ann"}' })
    const stored = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }])'
    expect(await page.evaluate<string>(stored)).not.toContain('t-ann')
    await page.close()
  })
})

/** Sends the request of the only operation. */
async function tryOut(page: Page) {
  await page
    .getByRole('button', { name: /Test Request.*get \/me/i })
    .first()
    .click()
  const [response] = await Promise.all([
    page.waitForResponse((one) => new URL(one.url()).pathname === '/me'),
    page.getByRole('button', { name: /^Send get request/ }).click(),
  ])
  const { authorization } = await response.request().allHeaders()
  return { status: response.status(), authorization, body: await response.text() }
}
