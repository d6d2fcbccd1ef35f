import { expect, test } from 'vitest'
import { argon2id } from './argon2id.ts'
import { parsePhcString } from './phc-string.ts'

const weak = argon2id({ memoryKiB: 7_168, passes: 1 })

test('a new hash is Argon2id with 19 MiB, two passes, one lane and a salt of its own', async () => {
  const hasher = argon2id()
  const [first, second] = [await hasher.hash('correct horse'), await hasher.hash('correct horse')]
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(first).not.toBe(second)
  expect(await hasher.verify('correct horse', first)).toBe(true)
  expect(await hasher.verify('correct horsf', first)).toBe(false)
  expect(hasher.needsRehash(first)).toBe(false)
})

test('a hash of the reference implementation is verified, and needs a new hash', async () => {
  // From the README of the reference implementation: salt "somesalt", 64 MiB, 4 lanes.
  const stored = '$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG'
  expect(await weak.verify('password', stored)).toBe(true)
  expect(await weak.verify('Password', stored)).toBe(false)
  expect(weak.needsRehash(stored)).toBe(true)
})

test('a hash with other parameters is verified, and needs a new hash', async () => {
  const stored = await weak.hash('correct horse')
  const strong = argon2id()
  expect(await strong.verify('correct horse', stored)).toBe(true)
  expect(strong.needsRehash(stored)).toBe(true)
})

test.each([
  ['an empty hash', ''],
  ['a hash of bcrypt', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'],
  ['an older version', '$argon2i$v=16$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG'],
  ['too much memory', '$argon2i$v=19$m=262145,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG'],
  ['too many passes', '$argon2i$v=19$m=65536,t=999,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG'],
  ['a second line', '$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG\n'],
])('%s is refused, and is not in the message', async (_, stored) => {
  const failure = await weak.verify('password', stored).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'password-hash-invalid' })
  expect(String(failure)).not.toContain('RdescudvJC')
})

test.each([{ memoryKiB: 4_096 }, { memoryKiB: 262_145 }, { passes: 0 }, { parallelism: 0 }, { passes: 1.5 }])(
  '%o is refused',
  (options) => {
    expect(() => argon2id(options)).toThrow(`${Object.keys(options)[0]} of argon2id is`)
  },
)

test('a text that is not a hash has no parts', () => {
  expect(parsePhcString('$argon2id$v=19$m=19456,t=2,p=1$$')).toBeUndefined()
})
