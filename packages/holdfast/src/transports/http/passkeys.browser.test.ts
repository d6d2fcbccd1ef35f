import { holdfast } from 'holdfast'
import { accounts, inbox, passkeys, sessions } from 'holdfast/auth'
import { serve } from 'holdfast/node'
import { postgres } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../test/free-port.ts'
import { missingChromium, openChromium } from '../openapi/chromium.fixture.ts'

const missing = await missingChromium()
if (missing !== undefined) process.stderr.write(`Passkeys are not tested in a browser. ${missing}\n`)

const session = sessions()
const app = holdfast({ database: postgres(), identify: session })
const mail = inbox()
const auth = accounts(app, {
  sessions: session,
  mail,
  pages: { verifyEmail: 'https://app.test/verify', resetPassword: 'https://app.test/reset' },
})

/** The code of a page, with the two functions that the documentation shows. */
const script = `
const post = (path, body) => fetch(path, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
  body: JSON.stringify(body),
})
const get = async (path) => (await fetch(path)).json()
globalThis.send = async (path, body) => (await post(path, body)).status
globalThis.addPasskey = async (name) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await get('/auth/passkeys/new'))
  const credential = await navigator.credentials.create({ publicKey })
  return (await post('/auth/passkeys', { credential: credential.toJSON(), name })).status
}
globalThis.signInWithPasskey = async () => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await get('/auth/sign-in/passkey'))
  const credential = await navigator.credentials.get({ publicKey })
  return (await post('/auth/sign-in/passkey', { credential: credential.toJSON() })).status
}
globalThis.statusOf = async (path) => (await fetch(path)).status
`

describe.skipIf(missing !== undefined)('passkeys in a browser', () => {
  test('a person adds a passkey, signs out, and signs in with it', async () => {
    const port = await freePort()
    const origin = `http://localhost:${port}`
    const keys = passkeys(auth, { domain: 'localhost', name: 'Shop', origins: [origin] })
    const shop = app.service({
      name: 'shop',
      operations: { ...auth.operations, ...keys.operations },
      capabilities: [auth, keys],
    })
    const tested = await createTestService(shop, { onLog: () => {} })
    onTestFinished(() => tested.stop())
    const served = await serve(shop, {
      port,
      host: '127.0.0.1',
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
    page.setDefaultTimeout(240_000)
    const devTools = await context.newCDPSession(page)
    await devTools.send('WebAuthn.enable')
    await devTools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    await page.goto(`${origin}/problems/unauthenticated`)
    await page.evaluate(script)
    const call = (code: string): Promise<number> => page.evaluate<number>(code)
    const send = (path: string, body: object): Promise<number> =>
      call(`send('${path}', ${JSON.stringify(body)})`)

    const [email, password] = ['ann@example.com', 'correct horse battery staple']
    expect(await send('/auth/sign-up', { email, password })).toBe(202)
    await until(() => mail.lastTo(email) !== undefined)
    const token = mail.lastTo(email)!.text.match(/#token=(\S+)/)![1]
    expect(await send('/auth/verify-email', { token, password })).toBe(204)
    expect(await send('/auth/sign-in', { email, password })).toBe(200)
    expect(await call(`addPasskey('Laptop')`)).toBe(201)
    // The options exclude the passkey, so the authenticator does not create a second one.
    expect(await page.evaluate(`addPasskey('Laptop').catch(({ name }) => name)`)).toBe('InvalidStateError')
    expect(await send('/auth/sign-out', {})).toBe(204)
    expect(await call(`statusOf('/auth/account')`)).toBe(401)
    expect(await call('signInWithPasskey()')).toBe(200)
    expect(await call(`statusOf('/auth/account')`)).toBe(200)
  })
})
