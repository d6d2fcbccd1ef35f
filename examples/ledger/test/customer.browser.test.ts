import { serve } from 'holdfast/node'
import { until } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  missingChromium,
  openChromium,
} from '../../../packages/holdfast/src/transports/openapi/chromium.fixture.ts'
import { mails } from '../src/customers.ts'
import { ledger } from '../src/service.ts'
import { openBooks } from './books.fixture.ts'

const missing = await missingChromium()
if (missing !== undefined) process.stderr.write(`The ledger is not tested in a browser. ${missing}\n`)

interface Answer {
  readonly status: number
  readonly body: { readonly id: string; readonly code?: string; readonly items?: readonly unknown[] }
}

describe.skipIf(missing !== undefined)('a customer in a browser', () => {
  test('signs up and in, opens accounts, moves money, and signs out', async () => {
    const books = await openBooks()
    onTestFinished(() => books.stop())
    const served = await serve(ledger, {
      port: 0,
      signals: false,
      drainDelay: '0s',
      env: { NODE_ENV: 'test', LOG_LEVEL: 'error', DATABASE_URL: books.databaseUrl },
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
    const send = (method: string, path: string, body?: object): Promise<Answer> =>
      page.evaluate<Answer>(`(async () => {
        const headers = { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }
        const body = ${JSON.stringify(body === undefined ? undefined : JSON.stringify(body))}
        const response = await fetch('${path}', { method: '${method}', headers, body })
        const text = await response.text()
        return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
      })()`)

    const credentials = { email: 'carol@example.com', password: 'correct horse battery staple' }
    expect((await send('POST', '/auth/sign-up', credentials)).status).toBe(202)
    const mail = await until(() => mails.lastTo(credentials.email))
    const token = /#token=(\S+)/.exec(mail.text)![1]
    const { password } = credentials
    expect((await send('POST', '/auth/verify-email', { token, password })).status).toBe(204)
    expect((await send('GET', '/accounts')).status).toBe(401)

    expect((await send('POST', '/auth/sign-in', credentials)).status).toBe(200)
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ name: '__Host-session', httpOnly: true, secure: true, sameSite: 'Lax' })
    expect(await page.evaluate('document.cookie')).toBe('')

    const { body: wallet } = await send('POST', '/accounts', { name: 'Wallet', currency: 'EUR' })
    const { body: savings } = await send('POST', '/accounts', { name: 'Savings', currency: 'EUR' })
    expect((await send('POST', '/deposits', { account: wallet.id, amount: 1_250 })).status).toBe(201)
    const moved = await send('POST', '/transfers', { from: wallet.id, to: savings.id, amount: 250 })
    expect(moved.status).toBe(201)
    expect((await send('GET', '/accounts')).body.items).toEqual([
      expect.objectContaining({ name: 'Wallet', balance: 1_000 }),
      expect.objectContaining({ name: 'Savings', balance: 250 }),
    ])

    // The account of another customer is answered like an account that does not exist.
    const other = await books.call.createAccount({ name: 'Alice', currency: 'EUR' })
    const stolen = await send('POST', '/transfers', { from: other.id, to: wallet.id, amount: 1 })
    expect([stolen.status, stolen.body.code]).toEqual([404, 'account-not-found'])

    expect((await send('POST', '/auth/sign-out')).status).toBe(204)
    expect(await context.cookies()).toEqual([])
    expect((await send('GET', '/accounts')).status).toBe(401)
  })
})
