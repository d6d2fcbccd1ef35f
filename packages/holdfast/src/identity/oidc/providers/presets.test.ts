import { google, type IdentityClaims, microsoft } from 'holdfast/auth'
import { expect, test } from 'vitest'
import { toIdentity } from '../provider-identity.ts'

const client = { clientId: 'id', clientSecret: 'secret' }
const iss = 'https://accounts.google.com'

test.each<[IdentityClaims, boolean]>([
  [{ email: 'ann@gmail.com', email_verified: true }, true],
  [{ email: 'Ann@Gmail.com', email_verified: true }, true],
  [{ email: 'ann@gmail.com', email_verified: false }, false],
  [{ email: 'ann@gmail.com' }, false],
  [{ email: 'ann@gmail.com', email_verified: 'true' }, false],
  [{ email: 'ann@example.com', email_verified: true }, false],
  [{ email: 'ann@example.com', email_verified: true, hd: 'example.com' }, true],
  [{ email: 'ann@example.com', email_verified: true, hd: 'attacker.example' }, false],
  [{ email: 'ann@notgmail.com', email_verified: true }, false],
  [{ email: 'ann@gmail.com.attacker.example', email_verified: true }, false],
])('google owns the address in %j: %j', (claims, expected) => {
  expect(toIdentity({ ...claims, iss, sub: '1' }, google(client)).ownsEmail).toBe(expected)
})

test('microsoft owns no address, unless the application says so', () => {
  const tenant = '7c0e1a5a-7f0a-4c3e-9a55-0f2f6d2f9a11'
  const claims = { iss, sub: '1', email: 'ann@example.com', email_verified: true }
  const provider = microsoft({ ...client, tenant })
  expect(provider.issuer).toBe(`https://login.microsoftonline.com/${tenant}/v2.0`)
  expect(toIdentity(claims, provider).ownsEmail).toBe(false)
  expect(toIdentity(claims, microsoft({ ...client, tenant, ownsEmail: () => true })).ownsEmail).toBe(true)
  for (const name of ['common', 'organizations', ''])
    expect(() => microsoft({ ...client, tenant: name })).toThrow(/set it to the id of one tenant/)
})

test('options replace those of a preset, and an invalid address is ignored', () => {
  expect(google({ ...client, name: 'work' }).name).toBe('work')
  for (const email of ['ann', 7, 'a@b@c', `${'a'.repeat(251)}@b.c`, 'a@b\u0000'])
    expect(toIdentity({ iss, sub: '1', email, email_verified: true }, google(client)).email).toBeUndefined()
})
