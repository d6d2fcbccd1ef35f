import { holdfast } from 'holdfast'
import { accounts, inbox, sessions, signInWith, type SignInWithOptions } from 'holdfast/auth'
import { postgres } from 'holdfast/postgres'
import { expect, test } from 'vitest'

const session = sessions()
const app = holdfast({ database: postgres(), identify: session })
const auth = accounts(app, {
  sessions: session,
  mail: inbox(),
  pages: { verifyEmail: 'https://app.test/verify', resetPassword: 'https://app.test/reset' },
})
const provider = { name: 'work', issuer: 'https://login.example.com', clientId: 'app' }
const pages = { callback: 'https://app.test/sign-in/{provider}', verifyEmail: 'https://app.test/verify' }

test.each<[string, Partial<SignInWithOptions<unknown>>, RegExp]>([
  ['no provider', { providers: [] }, /no provider/],
  ['two providers with one name', { providers: [provider, provider] }, /two providers have the name "work"/],
  ['a name with a slash', { providers: [{ ...provider, name: 'a/b' }] }, /lower-case letters/],
  [
    'an issuer over http',
    { providers: [{ ...provider, issuer: 'http://login.example.com' }] },
    /must use https/,
  ],
  ['no algorithm', { providers: [{ ...provider, algorithms: [] }] }, /algorithms/],
  ['scopes without openid', { providers: [{ ...provider, scopes: ['email'] }] }, /lack "openid"/],
  [
    'linking of addresses that the provider does not own',
    { providers: [{ ...provider, linkVerifiedEmails: { reason: 'ours' } }] },
    /needs ownsEmail/,
  ],
  [
    'linking without a reason',
    { providers: [{ ...provider, ownsEmail: () => true, linkVerifiedEmails: { reason: ' ' } }] },
    /needs a reason/,
  ],
  [
    'a page for all providers',
    { pages: { ...pages, callback: 'https://app.test/sign-in' } },
    /page callback/,
  ],
  [
    'the provider in the host',
    { pages: { ...pages, callback: 'https://{provider}.test/' } },
    /page callback/,
  ],
  ['a page over http', { pages: { ...pages, callback: 'http://app.test/{provider}' } }, /page callback/],
  [
    'a page with a query',
    { pages: { ...pages, callback: 'https://app.test/{provider}?a' } },
    /page callback/,
  ],
  ['a page with a fragment', { pages: { ...pages, verifyEmail: 'https://app.test/#a' } }, /fragment/],
  ['a path to another site', { returnTo: ['//attacker.example'] }, /returnTo/],
  ['a URL to return to', { returnTo: ['https://app.test/'] }, /returnTo/],
])('%s is refused', (_, change, message) => {
  expect(() => signInWith(auth, { providers: [provider], pages, ...change })).toThrow(
    expect.objectContaining({ code: 'configuration-invalid', message: expect.stringMatching(message) }),
  )
})

test('a copy of the accounts is refused', () => {
  expect(() => signInWith({ ...auth }, { providers: [provider], pages })).toThrow(
    expect.objectContaining({ code: 'configuration-invalid' }),
  )
})
