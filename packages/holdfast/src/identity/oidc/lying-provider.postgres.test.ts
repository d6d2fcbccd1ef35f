import { authenticatorCode } from 'holdfast/auth'
import { until } from 'holdfast/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import { duringFile } from '../../../test/during.ts'
import { createKey, encodePart, type Members } from '../tokens/issuer.fixture.ts'
import { LyingProvider } from './lying-provider.fixture.ts'
import { Browser, codeOf, startSignIn } from './oidc.fixture.ts'

const context = duringFile(async () => {
  const [liar, other] = [await LyingProvider.start(), await LyingProvider.start()]
  const service = await startSignIn([
    {
      name: 'liar',
      issuer: liar.issuer,
      clientId: 'app',
      clientSecret: 's',
      ownsEmail: () => true,
      usedSecondFactor: ({ acr }) => acr === 'two-factors',
    },
    {
      name: 'aged',
      issuer: liar.issuer,
      clientId: 'app',
      clientSecret: 's',
      ownsEmail: () => true,
      maxAge: '5m',
    },
    { name: 'other', issuer: other.issuer, clientId: 'app', clientSecret: 's', ownsEmail: () => true },
  ])
  return {
    liar,
    other,
    ...service,
    async [Symbol.asyncDispose]() {
      liar.stop()
      other.stop()
      await service.stop()
    },
  }
})

beforeEach(() => {
  context.liar.reset()
  context.other.reset()
})

/** Begins a sign-in, and returns the parameters of the request. */
async function begin(browser: Browser, provider = 'liar'): Promise<{ state: string; nonce: string }> {
  const { searchParams } = new URL(await context.begin(browser, provider))
  return { state: searchParams.get('state')!, nonce: searchParams.get('nonce')! }
}

const responseOf = (state: string, issuer = context.liar.issuer): string =>
  `?code=c&state=${state}&iss=${encodeURIComponent(issuer)}`

describe('an ID token', () => {
  const now = Math.floor(Date.now() / 1_000)
  /** Signs in with an ID token whose claims and header a test changes. */
  async function signInWith(change: (claims: Members) => string, provider = 'liar'): Promise<string> {
    const browser = new Browser()
    const { state, nonce } = await begin(browser, provider)
    context.liar.issue(change(context.liar.claims(nonce)))
    return codeOf(await context.complete(browser, provider, responseOf(state)))
  }

  test('that is honest is accepted', async () => {
    expect(await signInWith((claims) => context.liar.sign(claims))).toBe('200')
  })

  test.each<[string, Members]>([
    ['with the nonce of another sign-in', { nonce: 'another' }],
    ['without a nonce', { nonce: undefined }],
    ['for another audience', { aud: 'another' }],
    ['for several audiences without an authorized party', { aud: ['app', 'another'] }],
    ['for another authorized party', { aud: ['app', 'another'], azp: 'another' }],
    ['of another issuer', { iss: 'https://accounts.example.com' }],
    ['that has expired', { exp: now - 60 }],
    ['without a subject', { sub: undefined }],
    ['with an empty subject', { sub: '' }],
    ['with a huge subject', { sub: 'x'.repeat(256) }],
  ])('%s is refused', async (_, change) => {
    expect(await signInWith((claims) => context.liar.sign({ ...claims, ...change }))).toBe(
      '422 provider-refused',
    )
  })

  test.each<[string, (claims: Members) => string]>([
    ['without a signature (alg none)', (claims) => `${encodePart({ alg: 'none' })}.${encodePart(claims)}.`],
    [
      'with the name of a symmetric algorithm',
      (claims) => context.liar.sign(claims, { alg: 'HS256', kid: context.liar.key.id }),
    ],
    [
      'that is signed with another key of the same id',
      (claims) => context.liar.sign(claims, { alg: 'ES256', kid: context.liar.key.id }, createKey('ES256')),
    ],
    [
      'whose claims were changed',
      (claims) =>
        context.liar.sign(claims).replace(/\.[^.]+\./, `.${encodePart({ ...claims, sub: 'victim' })}.`),
    ],
    ['with an algorithm that is not allowed', (claims) => context.liar.signWith('ES384', claims)],
    ['that is not a token', () => 'no token'],
  ])('%s is refused', async (_, token) => {
    expect(await signInWith(token)).toBe('422 provider-refused')
  })

  test('of a user who entered their credentials too long ago is refused', async () => {
    const aged = (change: Members) =>
      signInWith((claims) => context.liar.sign({ ...claims, ...change }), 'aged')
    expect(await aged({ auth_time: now - 3_600 })).toBe('422 provider-refused')
    expect(await aged({})).toBe('422 provider-refused')
    expect(await aged({ auth_time: now - 60 })).toBe('200')
  })

  test('that is missing is refused', async () => {
    const browser = new Browser()
    const { state } = await begin(browser)
    context.liar.replies.set('/token', { status: 200, body: { access_token: 'a', token_type: 'Bearer' } })
    expect(codeOf(await context.complete(browser, 'liar', responseOf(state)))).toBe('422 provider-refused')
  })
})

test('the second factor of the provider replaces that of the account, if the option says so', async () => {
  const signIn = async (browser: Browser, acr: string) => {
    const { state, nonce } = await begin(browser)
    context.liar.issue(
      context.liar.sign({ ...context.liar.claims(nonce), sub: 'sam', email: 'sam@lies.test', acr }),
    )
    return codeOf(await context.complete(browser, 'liar', responseOf(state)))
  }
  const browser = new Browser()
  expect(await signIn(browser, 'one-factor')).toBe('200')
  const { headers } = browser
  const { secret } = await context.tested.call.addAuthenticator({}, { headers })
  const code = authenticatorCode(secret, new Date(context.clock.now()))
  await context.tested.call.confirmAuthenticator({ code }, { headers })
  expect(await signIn(new Browser(), 'one-factor')).toBe('401 second-factor-required')
  expect(await signIn(new Browser(), 'two-factors')).toBe('200')
})

describe('mix-up of providers', () => {
  test('a response with the issuer of another provider, or without one, exchanges no code', async () => {
    const browser = new Browser()
    const { state } = await begin(browser)
    const answers = [responseOf(state, context.other.issuer), `?code=c&state=${state}`]
    for (const response of answers)
      expect(codeOf(await context.complete(browser, 'liar', response))).toBe('422 provider-refused')
    expect(context.liar.requests).not.toContain('/token')
  })

  test('a response on the page of another provider exchanges no code at either', async () => {
    const browser = new Browser()
    const { state } = await begin(browser)
    for (const issuer of [context.liar.issuer, context.other.issuer])
      expect(codeOf(await context.complete(browser, 'other', responseOf(state, issuer)))).toBe(
        '422 sign-in-not-begun',
      )
    expect([...context.liar.requests, ...context.other.requests]).not.toContain('/token')
  })

  test('the same subject of another issuer is another identity', async () => {
    const accounts = []
    for (const [provider, from] of [
      ['liar', context.liar],
      ['other', context.other],
    ] as const) {
      const browser = new Browser()
      const { state, nonce } = await begin(browser, provider)
      from.issue(from.sign({ ...from.claims(nonce), sub: 'same', email: `same@${provider}.test` }))
      await context.complete(browser, provider, responseOf(state, from.issuer))
      accounts.push(await context.accountOf(browser))
    }
    expect(accounts).toMatchObject([{ email: 'same@liar.test' }, { email: 'same@other.test' }])
  })
})

describe('a provider that fails', () => {
  test.each([
    ['answers 500', { status: 500, body: 'oops' }],
    ['answers 503 in JSON', { status: 503, body: { error: 'temporarily_unavailable' } }],
    ['cuts the connection', 'cut'],
    ['never answers', 'hang'],
    ['answers with a page', { status: 200, body: '<html>' }],
    ['answers with too many bytes', { status: 200, body: JSON.stringify({ x: 'x'.repeat(600_000) }) }],
    ['redirects', { status: 302, body: '' }],
    ['does not know the application', { status: 401, body: { error: 'invalid_client' } }],
  ] as const)('at the exchange: %s, and a retry succeeds', async (_, reply) => {
    const browser = new Browser()
    const { state, nonce } = await begin(browser)
    context.liar.replies.set('/token', reply)
    const input = { provider: 'liar', response: responseOf(state) }
    const call = { headers: browser.headers, key: `retry-${state}` }
    const complete = async () => codeOf(await context.tested.send('completeSignInWith', input, call))
    expect(await complete()).toBe('503 unavailable')
    context.liar.issue(context.liar.sign(context.liar.claims(nonce)))
    expect(await complete()).toBe('200')
  })

  test('that refuses the code ends the sign-in', async () => {
    const browser = new Browser()
    const { state } = await begin(browser)
    context.liar.replies.set('/token', { status: 400, body: { error: 'invalid_grant' } })
    expect(codeOf(await context.complete(browser, 'liar', responseOf(state)))).toBe('422 provider-refused')
  })
})

// Advances the clock by an hour, so it is the last test.
test('an ID token without an address is completed by the userinfo of the same subject, and of no other', async () => {
  context.liar.metadata = { userinfo_endpoint: `${context.liar.issuer}/userinfo` }
  context.clock.advance(3_600_000)
  await begin(new Browser())
  await until(() => context.liar.requests.includes('/.well-known/openid-configuration'))
  const signIn = async (sub: string) => {
    const browser = new Browser()
    const { state, nonce } = await begin(browser)
    const body = { sub, email: 'info@lies.test', email_verified: true }
    context.liar.replies.set('/userinfo', { status: 200, body })
    context.liar.issue(context.liar.sign({ ...context.liar.claims(nonce), sub: 'info', email: undefined }))
    return codeOf(await context.complete(browser, 'liar', responseOf(state)))
  }
  expect(await signIn('another')).toBe('422 provider-refused')
  expect(await signIn('info')).toBe('200')
})
