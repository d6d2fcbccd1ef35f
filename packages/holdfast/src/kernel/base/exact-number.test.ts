import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isExactNumber } from './exact-number.ts'
import { haveSameValue, numberLiteral } from './number-literal.fixture.ts'

describe('a number', () => {
  test.each([
    '0',
    '-0',
    '0.0e999999999999999999999',
    '0.1',
    '0.10',
    '100e-3',
    '1E+2',
    '9007199254740992',
    '-9007199254740994',
    '1000000000000000000000',
    '1e21',
    '18446744073709552000',
    '0.30000000000000004',
    '1.7976931348623157e308',
    '2.2250738585072014e-308',
    '5e-324',
    `1${'0'.repeat(1_000)}e-1000`,
  ])('the number %s is kept exactly', (literal) => {
    expect(isExactNumber(literal)).toBe(true)
  })

  test.each([
    '9007199254740993',
    '-9007199254740993',
    '9007199254740993.0',
    '90071992547409930e-1',
    '123456789012345678',
    '18446744073709551616',
    '0.10000000000000001',
    '1.0000000000000000001',
    '1e400',
    '-1e400',
    '1e-400',
    '4.9e-324',
  ])('the number %s is not kept exactly', (literal) => {
    expect(isExactNumber(literal)).toBe(false)
  })

  test('a number that JavaScript prints is kept exactly', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(isExactNumber(String(number))).toBe(true)
        expect(isExactNumber(number.toExponential())).toBe(true)
      }),
    )
  })

  test('a number of at most 15 digits is kept exactly', () => {
    const digits = fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n })
    fc.assert(
      fc.property(digits, fc.integer({ min: -99, max: 99 }), (mantissa, exponent) => {
        expect(isExactNumber(`${mantissa}e${exponent}`)).toBe(true)
      }),
    )
  })

  test('a number is exact if its double prints the same value', () => {
    fc.assert(
      fc.property(numberLiteral, (literal) => {
        const number = Number(literal)
        fc.pre(Number.isFinite(number))
        expect(isExactNumber(literal)).toBe(haveSameValue(literal, String(number)))
      }),
      { numRuns: 1_000 },
    )
  })
})
