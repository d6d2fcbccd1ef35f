import { authenticatorCode } from 'holdfast/auth'
import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { duringFile } from '../../../test/during.ts'
import { openDriverPool } from '../../storage/postgres/session/driver-client.ts'
import { password } from '../accounts/accounts.fixture.ts'
import { Browser, codeOf, pageOf, startProvider, startSignIn } from './oidc.fixture.ts'

const context = duringFile(async () => {
  const provider = await startProvider([pageOf('work'), pageOf('plain'), pageOf('trusted')])
  const client = {
    issuer: provider.issuer,
    clientId: 'app',
    clientSecret: 'the secret of the application',
  }
  const ownsEmail = ({ email }: Readonly<Record<string, unknown>>) => String(email).endsWith('@work.test')
  const service = await startSignIn(
    [
      { ...client, name: 'work', ownsEmail },
      { ...client, name: 'plain' },
      {
        ...client,
        name: 'trusted',
        ownsEmail,
        linkVerifiedEmails: { reason: 'the provider of the company manages its addresses' },
      },
    ],
    { returnTo: ['/', '/orders/*'] },
  )
  return {
    provider,
    ...service,
    async [Symbol.asyncDispose]() {
      provider.stop()
      await service.stop()
    },
  }
})

/** Signs in with a provider, with a browser. */
async function signIn(
  browser: Browser,
  login: string,
  given: string | { readonly emailToken?: string; readonly returnTo?: string } = {},
) {
  const [provider, more] = typeof given === 'string' ? [given, {}] : ['work', given]
  const url = await context.begin(browser, provider, more)
  return context.complete(browser, provider, await context.provider.visit(url, login))
}

/** Links a provider to the account that a browser is signed in to. */
async function link(browser: Browser, login: string, provider = 'work') {
  const url = await context.beginLink(browser, provider)
  return context.complete(browser, provider, await context.provider.visit(url, login))
}

describe('a sign-in', () => {
  test('creates an account without a password, and the second one signs in to it', async () => {
    context.provider.people.set('ann', { email: 'Ann@work.test', email_verified: true })
    const browser = new Browser()
    const answer = await signIn(browser, 'ann', { returnTo: '/orders/1?a=b' })
    expect(answer.status).toBe(200)
    const first = await context.accountOf(browser)
    expect(first).toMatchObject({ email: 'Ann@work.test' })
    expect(JSON.parse(answer.body!)).toEqual({
      purpose: 'sign-in',
      account: (first as { id: string }).id,
      returnTo: '/orders/1?a=b',
    })
    expect(browser.cookie('__Host-sign-in')).toBeUndefined()
    const other = new Browser()
    expect((await signIn(other, 'ann')).status).toBe(200)
    expect(await context.accountOf(other)).toEqual(first)
    expect(codeOf(await context.signInWithPassword(new Browser(), 'ann@work.test'))).toBe(
      '401 credentials-invalid',
    )
  })

  test('that is retried with its key has the same answer, begins one session, and exchanges one code', async () => {
    context.provider.people.set('bob', { email: 'bob@work.test', email_verified: true })
    const browser = new Browser()
    const response = await context.provider.visit(await context.begin(browser, 'work'), 'bob')
    const key = 'complete-bob-4b825dc642cb6eb9a060e54bf8d69288'
    const send = () =>
      context.tested.send(
        'completeSignInWith',
        { provider: 'work', response },
        { headers: { ...browser.headers }, key },
      )
    const headers = browser.headers
    const first = await send()
    browser.store(first)
    const second = await context.tested.send(
      'completeSignInWith',
      { provider: 'work', response },
      { headers, key },
    )
    expect([second.status, second.body, second.cookies]).toEqual([200, first.body, first.cookies])
    const account = (await context.accountOf(browser)) as { id: string }
    expect(
      await context.tested.sql('select 1 from holdfast.sessions where account = $1', [account.id]),
    ).toHaveLength(1)
  })

  test('can be begun in two tabs of a browser, and completed in both', async () => {
    context.provider.people.set('tia', { email: 'tia@work.test', email_verified: true })
    const browser = new Browser()
    const urls = [await context.begin(browser, 'work'), await context.begin(browser, 'work')]
    const headers = browser.headers
    for (const url of urls) {
      const response = await context.provider.visit(url, 'tia')
      const answer = await context.tested.send(
        'completeSignInWith',
        { provider: 'work', response },
        { headers },
      )
      expect(answer.status).toBe(200)
    }
  })

  test('with an identity without an address does not create an account', async () => {
    context.provider.people.set('nomail', {})
    expect(codeOf(await signIn(new Browser(), 'nomail'))).toBe('422 provider-email-missing')
  })

  test('that the user cancels at the provider says so', async () => {
    const browser = new Browser()
    const state = new URL(await context.begin(browser, 'work')).searchParams.get('state')!
    const response = `?error=access_denied&state=${state}&iss=${encodeURIComponent(context.provider.issuer)}`
    const answer = await context.complete(browser, 'work', response)
    expect(codeOf(answer)).toBe('422 provider-refused')
    expect(answer.body).toContain('access_denied')
  })

  test('of a reauthentication asks for the credentials again', async () => {
    context.provider.people.set('rea', { email: 'rea@work.test', email_verified: true })
    const browser = new Browser()
    const url = await context.begin(browser, 'work', { reauthenticate: true })
    expect(new URL(url).searchParams.get('max_age')).toBe('0')
    const answer = await context.complete(browser, 'work', await context.provider.visit(url, 'rea'))
    expect(answer.status).toBe(200)
  })
})

test('an account with a second factor needs it after a sign-in with a provider', async () => {
  context.provider.people.set('sam', { email: 'sam@work.test', email_verified: true })
  const browser = new Browser()
  await signIn(browser, 'sam')
  const { headers } = browser
  const { secret } = await context.tested.call.addAuthenticator({}, { headers })
  const code = (steps = 0) => authenticatorCode(secret, new Date(context.clock.now() + steps * 30_000))
  await context.tested.call.confirmAuthenticator({ code: code() }, { headers })
  const other = new Browser()
  const answer = await signIn(other, 'sam')
  expect(codeOf(answer)).toBe('401 second-factor-required')
  expect(await context.accountOf(other)).toBe(401)
  const { token } = JSON.parse(answer.body!) as { token: string }
  const input = { token, code: code(1) }
  other.store(await context.tested.send('signInWithSecondFactor', input, { headers: other.headers }))
  expect(await context.accountOf(other)).toMatchObject({ email: 'sam@work.test' })
})

describe('an address that the provider does not own', () => {
  test('is verified by a mail and a second sign-in with the same identity', async () => {
    context.provider.people.set('cat', { email: 'cat@mail.test', email_verified: true })
    const browser = new Browser()
    expect(codeOf(await signIn(browser, 'cat'))).toBe('403 provider-email-unverified')
    expect(await context.accountOf(browser)).toBe(401)
    const emailToken = await context.tokenFor('cat@mail.test', 'verify-sign-in')
    expect(context.mail.lastTo('cat@mail.test')!.text).toContain(
      `https://app.test/verify-sign-in#token=${emailToken}&provider=work`,
    )
    const answer = await signIn(browser, 'cat', { emailToken })
    expect(answer.status).toBe(200)
    expect(await context.accountOf(browser)).toMatchObject({ email: 'cat@mail.test' })
  })

  test('is verified by the first mail, too, if a further attempt sent another', async () => {
    context.provider.people.set('ula', { email: 'ula@mail.test', email_verified: true })
    context.unanswered.add('ula@mail.test')
    await signIn(new Browser(), 'ula')
    const first = await context.tokenFor('ula@mail.test', 'verify-sign-in')
    await until(async () => {
      context.clock.advance(1_000)
      return (await context.tested.sql('select 1 from holdfast.jobs')).length === 0
    })
    expect(await context.tokenFor('ula@mail.test', 'verify-sign-in', 2)).not.toBe(first)
    expect((await signIn(new Browser(), 'ula', { emailToken: first })).status).toBe(200)
  })

  test('gets at most five mails in an hour', async () => {
    context.provider.people.set('dan', { email: 'dan@mail.test', email_verified: true })
    for (let n = 0; n < 7; n += 1) await signIn(new Browser(), 'dan', 'plain')
    await context.noJobs()
    expect(context.mail.mails.filter(({ to }) => to === 'dan@mail.test')).toHaveLength(5)
  })
})

describe('linking', () => {
  test('adds a provider to an account, which both sign in to, until it is unlinked', async () => {
    context.provider.people.set('eve', { email: 'eve@work.test', email_verified: true })
    await context.signUp('eve@work.test')
    expect(codeOf(await signIn(new Browser(), 'eve'))).toBe('409 account-not-linked')
    const browser = new Browser()
    await context.signInWithPassword(browser, 'eve@work.test')
    const account = await context.accountOf(browser)
    const linked = await link(browser, 'eve')
    expect([linked.status, JSON.parse(linked.body!)]).toMatchObject([200, { purpose: 'link' }])
    // A second time changes nothing.
    expect((await link(browser, 'eve')).status).toBe(200)
    await context.mailTo('eve@work.test', 'linked to work')
    const other = new Browser()
    expect((await signIn(other, 'eve')).status).toBe(200)
    expect(await context.accountOf(other)).toEqual(account)
    const [only, ...more] = await context.tested.call.listLinkedProviders({}, { headers: browser.headers })
    expect([only, more]).toMatchObject([{ provider: 'work', email: 'eve@work.test' }, []])
    await context.tested.call.unlinkProvider({ id: only!.id }, { headers: browser.headers })
    await context.mailTo('eve@work.test', 'unlinked from work')
    const target = `account:${(account as { id: string }).id}`
    const trail = await context.tested.sql<{ operation: string }>(
      'select operation from holdfast.trail where target = $1 order by at, id',
      [target],
    )
    expect(trail.map(({ operation }) => operation).filter((name) => /With$|Provider$/.test(name))).toEqual([
      'completeSignInWith',
      'completeSignInWith',
      'completeSignInWith',
      'unlinkProvider',
    ])
    expect(await context.accountOf(other)).toBe(401)
    expect(await context.accountOf(browser)).toEqual(account)
    expect(codeOf(await signIn(new Browser(), 'eve'))).toBe('409 account-not-linked')
  })

  test('the last way to sign in cannot be unlinked, even by two calls at the same time', async () => {
    context.provider.people.set('fay', { email: 'fay@work.test', email_verified: true })
    context.provider.people.set('fay2', { email: 'fay@other.test', email_verified: true })
    const browser = new Browser()
    await signIn(browser, 'fay')
    const { headers } = browser
    const [only] = await context.tested.call.listLinkedProviders({}, { headers })
    const unlink = (id: string) => context.tested.send('unlinkProvider', { id }, { headers })
    expect(codeOf(await unlink(only!.id))).toBe('409 last-sign-in-method')
    await link(browser, 'fay2')
    const listed = await context.tested.call.listLinkedProviders({}, { headers })
    const { id: account } = (await context.accountOf(browser)) as { id: string }
    // Both calls have begun, and wait for the row of the account.
    const pool = openDriverPool({ connectionString: context.tested.databaseUrl, sessionSettings: {} })
    const holder = await pool.connect()
    await holder.query('begin')
    await holder.query('select from holdfast.accounts where id = $1 for no key update', [account])
    const calls = listed.map(({ id }) => unlink(id))
    await until(async () => {
      const waiting = await context.tested.sql(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return waiting.length === 2
    })
    await holder.query('commit')
    holder.release()
    await pool.end()
    const both = await Promise.all(calls)
    expect(both.map(codeOf).toSorted()).toEqual(['204', '409 last-sign-in-method'])
  })

  test('needs a recent sign-in', async () => {
    context.provider.people.set('gil', { email: 'gil@work.test', email_verified: true })
    const browser = new Browser()
    await signIn(browser, 'gil')
    const { id: account } = (await context.accountOf(browser)) as { id: string }
    await context.tested.sql(
      `update holdfast.sessions set authenticated_at = to_timestamp(0) where account = $1`,
      [account],
    )
    context.clock.advance(1_000)
    const { headers } = browser
    const begun = await context.tested.send('beginLinkWith', { provider: 'work' }, { headers })
    const id = '00000000-0000-4000-8000-000000000000'
    const unlinked = await context.tested.send('unlinkProvider', { id }, { headers })
    expect([codeOf(begun), codeOf(unlinked)]).toEqual([
      '401 recent-sign-in-required',
      '401 recent-sign-in-required',
    ])
  })

  test('happens by itself if the provider owns the verified address, and the option is set', async () => {
    context.provider.people.set('hal', { email: 'hal@work.test', email_verified: true })
    await context.signUp('hal@work.test')
    const own = new Browser()
    await context.signInWithPassword(own, 'hal@work.test')
    const browser = new Browser()
    expect((await signIn(browser, 'hal', 'trusted')).status).toBe(200)
    expect(await context.accountOf(browser)).toEqual(await context.accountOf(own))
    await context.mailTo('hal@work.test', 'linked to trusted')
  })
})

test('no table and no log line contains a secret of a sign-in', async () => {
  context.provider.people.set('ida', { email: 'ida@work.test', email_verified: true })
  const browser = new Browser()
  const url = await context.begin(browser, 'work')
  const token = browser.cookie('__Host-sign-in')!
  const response = await context.provider.visit(url, 'ida')
  await context.complete(browser, 'work', response)
  const { searchParams } = new URL(url)
  const code = new URLSearchParams(response).get('code')!
  const stored = (await context.allRows()) + context.lines.join('\n')
  expect(url).not.toContain('verifier')
  for (const secret of [
    token,
    code,
    searchParams.get('state')!,
    searchParams.get('nonce')!,
    browser.cookie('__Host-session')!,
    'the secret of the application',
    password,
  ]) {
    expect(stored).not.toContain(secret)
    expect(stored).not.toContain(Buffer.from(secret).toString('hex'))
  }
})
