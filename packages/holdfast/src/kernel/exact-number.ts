/**
 * The numbers that are read from outside.
 *
 * JSON and query strings write numbers in decimal, and JavaScript keeps them as doubles (IEEE 754), so
 * that many decimals become one double: 9007199254740993 becomes 9007199254740992. Of all decimals that
 * become a double, one is accepted: the shortest, which is how ECMAScript and RFC 8785 write that double.
 * It may be spelled in any way (1.5, 1.50, 15e-1). So no number is changed by being read, and two
 * numbers that differ never become one.
 */

/** The end of the sentence that refuses a number. It repeats nothing of the number. */
export const inexactNumber = 'a double (IEEE 754) does not keep all digits of the number'

const literalForm = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
const zero = 48

/**
 * Returns true if a number is read as it was written: if `literal`, in the syntax of JSON, has the same
 * decimal value as the shortest decimal of its double. Takes time in proportion to its length.
 */
export function isExactNumber(literal: string): boolean {
  const number = Number(literal)
  if (!Number.isFinite(number)) return false
  const shortest = String(number)
  if (literal === shortest) return true
  const written = toDecimal(literal)
  const read = toDecimal(shortest)
  return written.digits === read.digits && written.exponent === read.exponent
}

/** A decimal without its sign: `0.digits` times ten to the power of `exponent`. */
interface Decimal {
  /** From the first digit that is not zero to the last; empty if the number is zero. */
  readonly digits: string
  readonly exponent: number
}

function toDecimal(literal: string): Decimal {
  const [, whole = '', fraction = '', power = '0'] = literalForm.exec(literal) ?? []
  const digits = whole + fraction
  const start = digits.search(/[1-9]/)
  if (start === -1) return { digits: '', exponent: 0 }
  // A loop, because /0+$/ takes quadratic time where zeros stand before other digits.
  let end = digits.length
  while (digits.charCodeAt(end - 1) === zero) end -= 1
  return { digits: digits.slice(start, end), exponent: whole.length - start + Number(power) }
}
