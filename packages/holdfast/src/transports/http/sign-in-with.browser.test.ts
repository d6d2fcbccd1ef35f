import { holdfast } from 'holdfast'
import { accounts, inbox, sessions, signInWith } from 'holdfast/auth'
import { serve } from 'holdfast/node'
import { postgres } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../test/free-port.ts'
import { startProvider } from '../../identity/oidc/oidc.fixture.ts'
import { missingChromium, openChromium } from '../openapi/chromium.fixture.ts'

const missing = await missingChromium()
if (missing !== undefined) process.stderr.write(`Sign-in is not tested in a browser. ${missing}\n`)

/** Starts a provider, and a service whose pages are its own pages of problems. */
async function start() {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const provider = await startProvider([`${origin}/sign-in/work`])
  onTestFinished(() => provider.stop())
  const session = sessions()
  const app = holdfast({ database: postgres(), identify: session })
  const pages = { verifyEmail: 'https://app.test/verify', resetPassword: 'https://app.test/reset' }
  const auth = accounts(app, { sessions: session, mail: inbox(), pages })
  const others = signInWith(auth, {
    pages: { callback: `${origin}/sign-in/{provider}`, verifyEmail: `${origin}/verify` },
    providers: [
      {
        name: 'work',
        issuer: provider.issuer,
        clientId: 'app',
        clientSecret: 'the secret of the application',
        ownsEmail: () => true,
      },
    ],
  })
  const operations = { ...auth.operations, ...others.operations }
  const shop = app.service({ name: 'shop', operations, capabilities: [auth, others] })
  const tested = await createTestService(shop, { onLog: () => {} })
  onTestFinished(() => tested.stop())
  const served = await serve(shop, {
    port,
    signals: false,
    drainDelay: '0s',
    env: { NODE_ENV: 'test', LOG_LEVEL: 'error', DATABASE_URL: tested.databaseUrl },
    notify: () => {},
  })
  onTestFinished(() => served.stop())
  return { origin, provider }
}

describe.skipIf(missing !== undefined)('sign-in with a provider in a browser', () => {
  test('the page that the provider redirects to completes it, and a reload before the answer is a retry', async () => {
    const { origin, provider } = await start()
    provider.people.set('ann', { email: 'ann@work.test', email_verified: true })
    const browser = await openChromium()
    onTestFinished(() => browser.close())
    // The pages of problems have a policy that forbids requests.
    const context = await browser.newContext({ bypassCSP: true })
    const page = await context.newPage()
    // A timeout that detects a hang, as in vitest.config.ts.
    page.setDefaultTimeout(240_000)
    await page.goto(`${origin}/problems/unauthenticated`)
    const post = (path: string, key: string, body: string): string =>
      `fetch('${path}', { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': ${key} }, body: JSON.stringify(${body}) })`
    const url = await page.evaluate<string>(
      `${post('/auth/sign-in-with/work', 'crypto.randomUUID()', '{}')}.then((answer) => answer.json()).then(({ url }) => url)`,
    )
    expect(await context.cookies()).toMatchObject([
      { name: '__Host-sign-in', httpOnly: true, secure: true, sameSite: 'Strict' },
    ])
    await page.goto(url)
    await page.fill('[name=login]', 'ann')
    await page.fill('[name=password]', 'x')
    await page.click('[type=submit]')
    await page.waitForLoadState()
    await page.click('[type=submit]')
    await page.waitForURL(`${origin}/sign-in/work?*`)
    const complete = (): Promise<number> =>
      page.evaluate<number>(
        `(() => {
          const kept = 'sign-in ' + new URLSearchParams(location.search).get('state')
          const key = sessionStorage.getItem(kept) ?? crypto.randomUUID()
          sessionStorage.setItem(kept, key)
          return ${post('/auth/sign-in-with/work/complete', 'key', '{ response: location.search }')}
        })().then(({ status }) => status)`,
      )
    const account = (): Promise<number> =>
      page.evaluate<number>(`fetch('/auth/account').then(({ status }) => status)`)
    expect(await account()).toBe(401)
    expect(await complete()).toBe(200)
    expect(await context.cookies(origin)).toMatchObject([{ name: '__Host-session', sameSite: 'Lax' }])
    expect(await account()).toBe(200)
    // The answer is lost, and so is its cookie: the reload is a retry.
    await context.clearCookies({ name: '__Host-session' })
    await page.reload()
    expect(await account()).toBe(401)
    expect(await complete()).toBe(200)
    expect(await account()).toBe(200)
    // A signed-in caller has other keys, so a further reload is another call. The page goes on.
    await page.reload()
    expect(await complete()).toBe(422)
    expect(await account()).toBe(200)
  })
})
