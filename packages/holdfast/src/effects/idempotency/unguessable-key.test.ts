import { randomBytes, randomUUID, randomUUIDv7 } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { requireUnguessable } from './unguessable-key.ts'

const now = Date.now()
const check = (key: string) => () => requireUnguessable(key, now)

/** Returns the ULID for a time: 48 bits for the time and 80 random bits. */
function ulidOf(ms: number): string {
  const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  let time = ''
  for (let rest = ms, index = 0; index < 10; index += 1, rest = Math.floor(rest / 32))
    time = crockford[rest % 32]! + time
  return time + Array.from(randomBytes(16), (byte) => crockford[byte % 32]).join('')
}

const digits = (length: number) => Array.from(randomBytes(length), (byte) => String(byte % 10)).join('')

test.each([
  ['a UUIDv4', () => randomUUID()],
  ['a UUIDv4 in capitals', () => randomUUID().toUpperCase()],
  ['a UUIDv4 without hyphens', () => randomUUID().replaceAll('-', '')],
  ['128 bits in base64url', () => randomBytes(16).toString('base64url')],
  ['128 bits in base64', () => randomBytes(16).toString('base64')],
  ['128 bits in hex', () => randomBytes(16).toString('hex')],
  ['256 bits in base64url', () => randomBytes(32).toString('base64url')],
  ['a number of 40 digits', () => digits(40)],
])('%s is accepted', (_, create) => {
  for (let round = 0; round < 2_000; round += 1) check(create())()
})

test.each([
  ['a UUIDv7', randomUUIDv7()],
  ['a UUIDv7 without hyphens', randomUUIDv7().replaceAll('-', '')],
  ['a ULID', ulidOf(now)],
  ['a UUIDv1', '2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d'],
  ['a UUIDv5', '74738ff5-5367-5958-9aee-98fffdcd1876'],
  ['the nil UUID', '00000000-0000-0000-0000-000000000000'],
  ['a UUIDv4 of zeros', '00000000-0000-4000-8000-000000000000'],
  ['120 bits in hex', randomBytes(15).toString('hex')],
  ['96 bits in base64url', randomBytes(12).toString('base64url')],
  ['36 digits', digits(36)],
  ['one character', 'a'.repeat(64)],
  ['a repetition', 'kX9_2bQw'.repeat(8)],
  ['a repetition with a counter', `${'kX9_2bQw'.repeat(4)}17`],
  ['the alphabet', 'abcdefghijklmnopqrstuvwxyz0123456789'],
  ['a sentence', 'order 17 of the customer with the long name'],
  ['a name', 'order:17:customer:42:2026-11-30T12:00:00Z'],
])('%s is refused', (_, key) => {
  expect(check(key)).toThrow(expect.objectContaining({ code: 'idempotency-key-guessable' }))
})

test('the problem does not contain the key', () => {
  const key = randomUUIDv7()
  let refusal: unknown
  try {
    requireUnguessable(key, now)
  } catch (error) {
    refusal = error
  }
  expect(inspect(refusal)).toContain('idempotency-key-guessable')
  expect(inspect(refusal)).not.toContain(key.slice(14))
})
