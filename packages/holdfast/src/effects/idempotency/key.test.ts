import { ProblemError } from 'holdfast'
import { describe, expect, test } from 'vitest'
import { checkTime, parseKey, timeOf } from './key.ts'

const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof ProblemError) return error.code
  }
  return 'accepted'
}

describe('the Idempotency-Key header', () => {
  test.each([
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['  "padded"  ', 'padded'],
    ['"with a space"', 'with a space'],
    ['"a \\"quoted\\" word and a \\\\"', 'a "quoted" word and a \\'],
    ['"parameters";a=1', 'parameters'],
    ['order:42/x', 'order:42/x'],
  ])('the header %s is the key %s', (header, key) => {
    expect(parseKey(header)).toBe(key)
  })

  test.each([
    '',
    '   ',
    '""',
    '"open',
    'open"',
    'a b',
    'a, b',
    '"a" "b"',
    '"a\\n"',
    'é',
    '"é"',
    '"tab\t"',
    'a;b',
    '"a"b',
  ])('the header %j is rejected', (header) => {
    expect(codeOf(() => parseKey(header))).toBe('idempotency-key-invalid')
  })

  test('a key of 255 characters is accepted, and a key of 256 is not', () => {
    expect(parseKey('k'.repeat(255))).toHaveLength(255)
    expect(parseKey(`"${'k'.repeat(255)}"`)).toHaveLength(255)
    expect(codeOf(() => parseKey('k'.repeat(256)))).toBe('idempotency-key-invalid')
  })
})

describe('the age of a key', () => {
  // RFC 9562 appendix A.6: a UUIDv7 created on 2022-02-22 19:22:22 UTC.
  const key = '017F22E2-79B0-7CC3-98C4-DC0C0C07398F'
  const madeAtMs = Date.UTC(2022, 1, 22, 19, 22, 22)

  test('a UUIDv7 contains a time, any other key does not', () => {
    expect(timeOf(key)).toBe(madeAtMs)
    expect(timeOf('8e03978e-40d5-43dd-bc93-6894a57f9324')).toBeUndefined()
    expect(timeOf('order-42')).toBeUndefined()
  })

  test('a key older than the retention is expired', () => {
    expect(codeOf(() => checkTime(madeAtMs, madeAtMs + 1_000, 1_000))).toBe('accepted')
    expect(codeOf(() => checkTime(madeAtMs, madeAtMs + 1_001, 1_000))).toBe('idempotency-key-expired')
  })

  test('a key more than five minutes in the future is invalid', () => {
    const fiveMinutesMs = 300_000
    expect(codeOf(() => checkTime(madeAtMs, madeAtMs - fiveMinutesMs, 0))).toBe('accepted')
    expect(codeOf(() => checkTime(madeAtMs, madeAtMs - fiveMinutesMs - 1, 0))).toBe('idempotency-key-invalid')
  })
})
