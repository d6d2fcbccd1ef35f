import fc from 'fast-check'

/**
 * Numbers in JSON syntax: some as JavaScript writes doubles, some with more digits than a double
 * can hold.
 */
export const numberLiteral: fc.Arbitrary<string> = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(String),
  fc.integer({ min: -3, max: 3 }).map((offset) => String(2n ** 53n + BigInt(offset))),
  fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.bigInt({ min: 0n, max: 10n ** 25n }).map(String),
      fc.stringMatching(/^(\.\d{1,25})?$/),
      fc.stringMatching(/^([eE][+-]?\d{1,3})?$/),
    )
    .map((parts) => parts.join('')),
)

/** Returns the value of a literal as a fraction of integers, which is exact. */
function valueOf(literal: string): readonly [numerator: bigint, denominator: bigint] {
  const [mantissa = '', power = '0'] = literal.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const exponent = Number(power) - fraction.length
  const digits = BigInt(whole + fraction)
  return exponent < 0 ? [digits, 10n ** BigInt(-exponent)] : [digits * 10n ** BigInt(exponent), 1n]
}

/** Returns true if two literals have exactly the same value. */
export function haveSameValue(one: string, other: string): boolean {
  const [[a, b], [c, d]] = [valueOf(one), valueOf(other)]
  return a * d === c * b
}
