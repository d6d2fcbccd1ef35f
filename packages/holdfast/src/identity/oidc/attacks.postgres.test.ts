import { describe, expect, test } from 'vitest'
import { duringFile } from '../../../test/during.ts'
import { password } from '../accounts/accounts.fixture.ts'
import { Browser, codeOf, pageOf, startProvider, startSignIn } from './oidc.fixture.ts'

const context = duringFile(async () => {
  const provider = await startProvider([pageOf('work')])
  const service = await startSignIn(
    [
      {
        name: 'work',
        issuer: provider.issuer,
        clientId: 'app',
        clientSecret: 'the secret of the application',
        ownsEmail: ({ email }) => String(email).endsWith('@work.test'),
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

function addPerson(login: string, email: string, isVerified = true): void {
  context.provider.people.set(login, { email, email_verified: isVerified })
}

/** Begins a sign-in, and signs in at the provider. Returns the response of the provider. */
async function respond(browser: Browser, login: string, more: object = {}): Promise<string> {
  return context.provider.visit(await context.begin(browser, 'work', more), login)
}

async function signIn(browser: Browser, login: string, more: object = {}) {
  return context.complete(browser, 'work', await respond(browser, login, more))
}

describe('the response of a provider', () => {
  test('of another browser is refused, so that no victim is signed in to the account of an attacker', async () => {
    addPerson('attacker', 'attacker@work.test')
    const response = await respond(new Browser(), 'attacker')
    const victim = new Browser()
    expect(codeOf(await context.complete(victim, 'work', response))).toBe('422 sign-in-not-begun')
    await context.begin(victim, 'work')
    expect(codeOf(await context.complete(victim, 'work', response))).toBe('422 sign-in-not-begun')
    expect(await context.accountOf(victim)).toBe(401)
  })

  test.each([
    ['without a state', (text: string) => text.replace(/state=[^&]*/, '')],
    ['with two states', (text: string) => `${text}&state=${new URLSearchParams(text).get('state')}`],
    ['with two codes', (text: string) => `${text}&code=other`],
    ['with another state', (text: string) => text.replace(/state=[^&]*/, `state=${'x'.repeat(43)}`)],
    ['without a code', (text: string) => text.replace(/code=[^&]*/, '')],
  ])('%s is refused', async (_, change) => {
    addPerson('ann', 'ann@work.test')
    const browser = new Browser()
    const answer = await context.complete(browser, 'work', change(await respond(browser, 'ann')))
    expect(codeOf(answer)).toMatch(/^422 (sign-in-not-begun|provider-refused)$/)
    expect(await context.accountOf(browser)).toBe(401)
  })

  test('is refused a second time, with another key', async () => {
    addPerson('bob', 'bob@work.test')
    const browser = new Browser()
    const response = await respond(browser, 'bob')
    const { headers } = browser
    const complete = () =>
      context.tested.send('completeSignInWith', { provider: 'work', response }, { headers })
    const both = [await complete(), await complete()]
    expect(both.map(codeOf)).toEqual(['200', '422 sign-in-not-begun'])
  })

  test('is refused if it has expired', async () => {
    addPerson('cat', 'cat@work.test')
    const browser = new Browser()
    const response = await respond(browser, 'cat')
    await context.tested.sql('update holdfast.begun_sign_ins set expires_at = now()')
    expect(codeOf(await context.complete(browser, 'work', response))).toBe('422 sign-in-not-begun')
  })

  test('with the code of another sign-in is refused: PKCE binds the code', async () => {
    addPerson('victim', 'victim@work.test')
    const stolen = new URLSearchParams(await respond(new Browser(), 'victim')).get('code')!
    addPerson('attacker', 'attacker@work.test')
    const browser = new Browser()
    const own = await respond(browser, 'attacker')
    const injected = own.replace(/code=[^&]*/, `code=${stolen}`)
    expect(codeOf(await context.complete(browser, 'work', injected))).toBe('422 provider-refused')
    expect(await context.accountOf(browser)).toBe(401)
  })

  test('cannot be sent by a page on another site', async () => {
    addPerson('dan', 'dan@work.test')
    const browser = new Browser()
    const response = await respond(browser, 'dan')
    const headers = { ...browser.headers, origin: 'https://attacker.example' }
    const answer = await context.tested.send(
      'completeSignInWith',
      { provider: 'work', response },
      { headers },
    )
    expect(codeOf(answer)).toBe('403 cross-site-request')
  })
})

test.each([
  'https://attacker.example',
  '//attacker.example',
  '/\\attacker.example',
  '/.//attacker.example',
  '/%2e//attacker.example',
  '/orders/..//attacker.example',
  '/orders/../account',
  '/orders',
  '/other',
  'orders/1',
  'javascript:alert(1)',
  '/orders/\t/attacker.example',
  '',
])('the path %j is no path to return to', async (returnTo) => {
  const answer = await context.tested.send(
    'beginSignInWith',
    { provider: 'work', returnTo },
    { headers: new Browser().headers },
  )
  expect(codeOf(answer)).toBe('422 return-path-refused')
})

test('a path to return to is returned as a browser reads it', async () => {
  addPerson('eve', 'eve@work.test')
  const answer = await signIn(new Browser(), 'eve', { returnTo: '/orders/x/../1#a' })
  expect(JSON.parse(answer.body!)).toMatchObject({ returnTo: '/orders/1#a' })
})

test('an unknown provider is not found', async () => {
  const { headers } = new Browser()
  const begun = await context.tested.send('beginSignInWith', { provider: 'none' }, { headers })
  const completed = await context.tested.send(
    'completeSignInWith',
    { provider: 'none', response: '' },
    { headers },
  )
  expect([codeOf(begun), codeOf(completed)]).toEqual(['404 provider-unknown', '404 provider-unknown'])
})

describe('pre-hijacked accounts', () => {
  test('a password that an attacker set before does not open the account of the owner', async () => {
    await context.tested.call.signUp({ email: 'fay@work.test', password })
    const token = await context.tokenFor('fay@work.test', 'verify')
    addPerson('fay', 'fay@work.test')
    const owner = new Browser()
    expect((await signIn(owner, 'fay')).status).toBe(200)
    expect(codeOf(await context.signInWithPassword(new Browser(), 'fay@work.test'))).toBe(
      '401 credentials-invalid',
    )
    // The link that was mailed before verifies nothing any more.
    expect(codeOf(await context.tested.send('verifyEmail', { token, password }))).toBe('422 link-invalid')
    expect(await context.accountOf(owner)).toMatchObject({ email: 'fay@work.test' })
  })

  test('an identity with the address of another gets no account, and none that the owner creates later', async () => {
    addPerson('attacker2', 'gil@mail.test')
    const attacker = new Browser()
    expect(codeOf(await signIn(attacker, 'attacker2'))).toBe('403 provider-email-unverified')
    expect(
      await context.tested.sql(`select 1 from holdfast.accounts where email_key = 'gil@mail.test'`),
    ).toEqual([])
    // The owner of the address opens the link, and signs in with an identity of their own.
    const emailToken = await context.tokenFor('gil@mail.test', 'verify-sign-in')
    addPerson('gil', 'gil@mail.test')
    expect(codeOf(await signIn(new Browser(), 'gil', { emailToken }))).toBe('403 provider-email-unverified')
    // Or signs up with a password.
    await context.tested.call.signUp({ email: 'gil@mail.test', password })
    const token = await context.tokenFor('gil@mail.test', 'verify')
    await context.tested.call.verifyEmail({ token, password })
    expect(codeOf(await signIn(attacker, 'attacker2'))).toBe('403 provider-email-unverified')
    expect(await context.accountOf(attacker)).toBe(401)
  })
})

describe('take-over', () => {
  test.each([
    ['the provider does not own it', 'hal@mail.test', true],
    ['it is not verified', 'hal@work.test', false],
  ])('an identity with the address of an account is not linked if %s', async (_, email, isVerified) => {
    await context.signUp(email)
    addPerson('attacker3', email, isVerified)
    const attacker = new Browser()
    expect(codeOf(await signIn(attacker, 'attacker3'))).toBe('403 provider-email-unverified')
    expect(await context.accountOf(attacker)).toBe(401)
    await context.mailTo(email, 'You already have an account')
  })

  test('an identity whose address changes keeps its account, and gets no other', async () => {
    await context.signUp('ida@work.test')
    addPerson('jim', 'jim@work.test')
    const browser = new Browser()
    await signIn(browser, 'jim')
    const account = await context.accountOf(browser)
    addPerson('jim', 'ida@work.test')
    const later = new Browser()
    await signIn(later, 'jim')
    expect(await context.accountOf(later)).toEqual(account)
    // The next owner of the address at the provider is another identity.
    addPerson('kim', 'jim@work.test')
    expect(codeOf(await signIn(new Browser(), 'kim'))).not.toBe('403 provider-email-unverified')
  })

  test('a linking is completed only by the session that has begun it', async () => {
    addPerson('lea', 'lea@work.test')
    addPerson('attacker4', 'attacker4@work.test')
    const victim = new Browser()
    await signIn(victim, 'lea')
    const url = await context.beginLink(victim, 'work')
    // The attacker signs in at the provider, in the browser of the victim, who has signed out.
    const response = await context.provider.visit(url, 'attacker4')
    const { headers } = victim
    await context.tested.call.signOut({}, { headers })
    context.clock.advance(1_000)
    const answer = await context.tested.send(
      'completeSignInWith',
      { provider: 'work', response },
      { headers },
    )
    expect(codeOf(answer)).toBe('422 sign-in-not-begun')
    expect(
      await context.tested.sql(`select 1 from holdfast.linked_identities where subject = 'attacker4'`),
    ).toEqual([])
  })

  test('an identity of another account cannot be linked, and a user cannot unlink those of others', async () => {
    addPerson('mia', 'mia@work.test')
    addPerson('noa', 'noa@work.test')
    const [mia, noa] = [new Browser(), new Browser()]
    await signIn(mia, 'mia')
    await signIn(noa, 'noa')
    const response = await context.provider.visit(await context.beginLink(mia, 'work'), 'noa')
    expect(codeOf(await context.complete(mia, 'work', response))).toBe('409 identity-linked')
    const [own] = await context.tested.call.listLinkedProviders({}, { headers: noa.headers })
    const answer = await context.tested.send('unlinkProvider', { id: own!.id }, { headers: mia.headers })
    expect(answer.status).toBe(204)
    expect(await context.tested.call.listLinkedProviders({}, { headers: noa.headers })).toHaveLength(1)
  })

  test('session fixation: the session before a sign-in is not the session after it', async () => {
    addPerson('oli', 'oli@work.test')
    addPerson('pia', 'pia@work.test')
    const browser = new Browser()
    await signIn(browser, 'oli')
    const planted = browser.headers
    await signIn(browser, 'pia')
    context.clock.advance(1_000)
    expect((await context.tested.send('getAccount', {}, { headers: planted })).status).toBe(401)
    expect(await context.accountOf(browser)).toMatchObject({ email: 'pia@work.test' })
  })
})

test('enumeration: an address that is not proven has the answer and the statements of one without an account', async () => {
  await context.signUp('quin@mail.test')
  const seen = []
  for (const email of ['quin@mail.test', 'unknown@mail.test']) {
    addPerson(`of ${email}`, email)
    const browser = new Browser()
    const response = await respond(browser, `of ${email}`)
    const usage = { statements: 0, databaseMs: 0 }
    const answer = await context.tested.send(
      'completeSignInWith',
      { provider: 'work', response },
      { headers: browser.headers, usage },
    )
    const { requestId: _, ...body } = JSON.parse(answer.body!) as Record<string, unknown>
    seen.push({ status: answer.status, body, statements: usage.statements, cookies: answer.cookies })
  }
  expect(seen[0]).toMatchObject({ status: 403, body: { code: 'provider-email-unverified' } })
  expect(seen[1]).toEqual(seen[0])
})
