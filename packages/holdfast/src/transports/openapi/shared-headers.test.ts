import { describe, expect, test } from 'vitest'
import { parseKey } from '../../effects/idempotency/key.ts'
import { sharedParameters } from './shared-headers.ts'

const pattern = new RegExp(String(sharedParameters['IdempotencyKey']!.schema['pattern']), 'u')

describe('the documented form of an idempotency key', () => {
  test.each([
    ['of one character', 'a'],
    ['of 255 characters', 'a'.repeat(255)],
    ['of 255 characters in quotes', `"${'a'.repeat(255)}"`],
    ['of 255 escaped quotes', `"${'\\"'.repeat(255)}"`],
    ['with spaces in quotes', '"a key"'],
  ])('the documented form of an idempotency key accepts a key %s, as the service does', (_what, key) => {
    expect(parseKey(key)).not.toBe('')
    expect(key).toMatch(pattern)
  })

  test.each([
    ['without a character', ''],
    ['without a character in quotes', '""'],
    ['of 256 characters', 'a'.repeat(256)],
    ['of 256 characters in quotes', `"${'a'.repeat(256)}"`],
    ['with spaces', 'a key'],
    ['with an open quote', '"a'],
    ['beyond ASCII', 'é'],
  ])('the documented form of an idempotency key rejects a key %s, as the service does', (_what, key) => {
    expect(() => parseKey(key)).toThrow(expect.objectContaining({ code: 'idempotency-key-invalid' }))
    expect(key).not.toMatch(pattern)
  })
})

test('the documented format of Request-Timeout is a positive duration', () => {
  const form = new RegExp(String(sharedParameters['RequestTimeout']!.schema['pattern']), 'u')
  for (const valid of ['1ms', '250ms', '0.5s', '10m', '01h', '1.0d']) expect(valid).toMatch(form)
  for (const invalid of ['0ms', '0.0s', '00d', '1', 'soon', '-1s']) expect(invalid).not.toMatch(form)
})
