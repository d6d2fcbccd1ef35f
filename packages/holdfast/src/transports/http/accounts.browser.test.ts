import { holdfast } from 'holdfast'
import { accounts, inbox, sessions } from 'holdfast/auth'
import { serve } from 'holdfast/node'
import { postgres } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { missingChromium, openChromium } from '../openapi/chromium.fixture.ts'

const missing = await missingChromium()
if (missing !== undefined) process.stderr.write(`Accounts are not tested in a browser. ${missing}\n`)

const session = sessions()
const app = holdfast({ database: postgres(), identify: session })
const mail = inbox()
const pages = { verifyEmail: 'https://app.test/verify', resetPassword: 'https://app.test/reset' }
const auth = accounts(app, { sessions: session, mail, pages })
const shop = app.service({ name: 'shop', operations: auth.operations, capabilities: [auth] })

describe.skipIf(missing !== undefined)('accounts in a browser', () => {
  test('a person signs up, verifies the address, signs in, calls and signs out', async () => {
    const tested = await createTestService(shop, { onLog: () => {} })
    onTestFinished(() => tested.stop())
    const served = await serve(shop, {
      port: 0,
      signals: false,
      drainDelay: '0s',
      env: { NODE_ENV: 'test', LOG_LEVEL: 'error', DATABASE_URL: tested.databaseUrl },
      notify: () => {},
    })
    onTestFinished(() => served.stop())
    const browser = await openChromium()
    onTestFinished(() => browser.close())
    // The pages of problems have a policy that forbids requests.
    const context = await browser.newContext({ bypassCSP: true })
    const page = await context.newPage()
    // A timeout that detects a hang, as in vitest.config.ts.
    page.setDefaultTimeout(240_000)
    await page.goto(`http://localhost:${new URL(served.url).port}/problems/unauthenticated`)
    const send = (method: string, path: string, body?: object): Promise<number> =>
      page.evaluate<number>(
        `fetch('${path}', { method: '${method}', headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }${
          body ? `, body: ${JSON.stringify(JSON.stringify(body))}` : ''
        } }).then(({ status }) => status)`,
      )
    const password = 'correct horse battery staple'
    const email = 'ann@example.com'
    expect(await send('POST', '/auth/sign-up', { email, password })).toBe(202)
    await until(() => mail.lastTo(email) !== undefined)
    const token = mail.lastTo(email)!.text.match(/#token=(\S+)/)![1]
    expect(await send('POST', '/auth/verify-email', { token, password })).toBe(204)
    expect(await send('GET', '/auth/account')).toBe(401)
    expect(await send('POST', '/auth/sign-in', { email, password })).toBe(200)
    expect(await send('GET', '/auth/account')).toBe(200)
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ name: '__Host-session', httpOnly: true, secure: true, sameSite: 'Lax' })
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(await send('POST', '/auth/sign-out')).toBe(204)
    expect(await context.cookies()).toEqual([])
    expect(await send('GET', '/auth/account')).toBe(401)
  })
})
