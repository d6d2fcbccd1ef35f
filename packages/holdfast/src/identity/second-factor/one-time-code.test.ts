import { expect, test } from 'vitest'
import { authenticatorCode } from './authenticator-code.ts'
import { codeOf, findStep, fromBase32, stepAt, toBase32 } from './one-time-code.ts'

const secret = Buffer.from('12345678901234567890')

// The last six digits of the codes in RFC 6238, appendix B.
test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])('the code at %i seconds is that of RFC 6238', (seconds, expected) => {
  expect(codeOf(secret, stepAt(seconds * 1_000))).toBe(expected)
})

test('a code is accepted one step early and one step late, and not after a later one', () => {
  const nowMs = 1_700_000_000_000
  const now = stepAt(nowMs)
  const find = (step: number, lastStep = 0) =>
    findStep(secret, { code: codeOf(secret, step), nowMs, lastStep })
  expect([now - 2, now - 1, now, now + 1, now + 2].map((step) => find(step))).toEqual([
    undefined,
    now - 1,
    now,
    now + 1,
    undefined,
  ])
  expect(find(now, now)).toBeUndefined()
  expect(find(now - 1, now)).toBeUndefined()
  expect(find(now + 1, now)).toBe(now + 1)
})

test.each(['', '12345', '1234567', '00000０', ' 123456', 'abcdef'])('%j is no code', (code) => {
  expect(findStep(secret, { code, nowMs: 59_000, lastStep: 0 })).toBeUndefined()
})

// RFC 4648, section 10.
test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('%j in base32 is %s', (text, expected) => {
  expect(toBase32(Buffer.from(text))).toBe(expected)
  expect(fromBase32(expected)?.toString() ?? '').toBe(text)
})

test('the code of an app is computed from its secret in base32', () => {
  expect(authenticatorCode(toBase32(secret), new Date(59_000))).toBe('287082')
  expect(() => authenticatorCode('not base32')).toThrow(
    expect.objectContaining({ code: 'configuration-invalid' }),
  )
})
