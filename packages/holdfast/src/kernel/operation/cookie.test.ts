import { inspect } from 'node:util'
import { cookie, type CookieOptions } from 'holdfast'
import { describe, expect, test } from 'vitest'

test('a cookie is secure, hidden from scripts and not sent across sites by default', () => {
  expect(cookie('__Host-session').set('abc').toHeader()).toBe(
    '__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax',
  )
})

test('every option becomes an attribute', () => {
  const made = cookie('a', {
    maxAge: '90s',
    sameSite: 'none',
    httpOnly: false,
    path: '/shop',
    domain: 'example.com',
    partitioned: true,
  })
  expect(made.set('').toHeader()).toBe(
    'a=; Max-Age=90; Path=/shop; Domain=example.com; Secure; SameSite=None; Partitioned',
  )
  expect(cookie('a', { secure: false, sameSite: 'strict' }).set('x').toHeader()).toBe(
    'a=x; Path=/; HttpOnly; SameSite=Strict',
  )
})

test('a deleted cookie has the attributes with which it was set', () => {
  expect(cookie('a', { path: '/shop', maxAge: '1d' }).clear().toHeader()).toBe(
    'a=; Max-Age=0; Path=/shop; Secure; HttpOnly; SameSite=Lax',
  )
})

test('a fraction of a second is not a valid age', () => {
  expect(cookie('a', { maxAge: '1500ms' }).set('x').toHeader()).toContain('Max-Age=1;')
})

describe('what browsers would reject or read differently', () => {
  const refused: readonly [string, string, CookieOptions][] = [
    ['a name with a space', 'a b', {}],
    ['an empty name', '', {}],
    ['a name that adds an attribute', 'a;b', {}],
    ['a host prefix without secure', '__Host-a', { secure: false }],
    ['a host prefix in lower case without secure', '__host-a', { secure: false }],
    ['a secure prefix without secure', '__Secure-a', { secure: false }],
    ['a host prefix with a path', '__Host-a', { path: '/b' }],
    ['a host prefix with a domain', '__Host-a', { domain: 'example.com' }],
    ['a prefix for http only that scripts can read', '__Http-a', { httpOnly: false }],
    ['a host prefix for http only that scripts can read', '__Host-Http-a', { httpOnly: false }],
    ['a prefix for http only without secure', '__Http-a', { secure: false }],
    ['a host prefix for http only with a path', '__Host-Http-a', { path: '/b' }],
    ['all sites without secure', 'a', { sameSite: 'none', secure: false }],
    ['a partition without secure', 'a', { partitioned: true, secure: false }],
    ['a path with an attribute', 'a', { path: '/; Domain=example.com' }],
    ['a relative path', 'a', { path: 'b' as '/b' }],
    ['a domain with an attribute', 'a', { domain: 'example.com; SameSite=None' }],
    ['an age of less than a second', 'a', { maxAge: '500ms' }],
    ['an unknown sameSite', 'a', { sameSite: 'Lax' as 'lax' }],
  ]
  test.each(refused)('a cookie is refused: %s', (_, name, options) => {
    expect(() => cookie(name, options)).toThrow(expect.objectContaining({ code: 'cookie-invalid' }))
  })

  test('a cookie is refused: an age of more than 400 days', () => {
    expect(() => cookie('a', { maxAge: '401d' })).toThrow(
      expect.objectContaining({ code: 'duration-invalid' }),
    )
  })

  test.each(['a;b', 'a b', 'a,b', '"a"', 'a\\b', 'a\r\nb', 'ä', '\0'])(
    'a cookie is refused: the value %j',
    (value) => {
      expect(() => cookie('a').set(value)).toThrow(expect.objectContaining({ code: 'cookie-invalid' }))
    },
  )

  test('a cookie is refused: a value that is too long', () => {
    expect(cookie('a').set('x'.repeat(4095)).toHeader()).toContain('xxx; Path')
    expect(() => cookie('a').set('x'.repeat(4096))).toThrow(/4097 bytes/)
  })
})

test('the text of a cookie is not shown when the object is logged', () => {
  const field = cookie('__Host-session').set('secret')
  expect(JSON.stringify(field)).not.toContain('secret')
  expect(inspect(field)).not.toContain('secret')
})
