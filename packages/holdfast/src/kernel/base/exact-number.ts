/**
 * Checks numbers from external input.
 *
 * JSON and query strings write numbers in decimal, and JavaScript stores them as doubles (IEEE
 * 754), which cannot represent every decimal: 9007199254740993 becomes 9007199254740992. Many
 * decimals become the same double. Only the shortest of them is accepted, in any spelling (1.5,
 * 1.50, 15e-1). ECMAScript and RFC 8785 also write the double as the shortest decimal. Therefore
 * reading never changes a number, and two different numbers never become the same.
 */

/** The end of the message for a rejected number. It does not repeat the number. */
export const inexactNumber = 'a double (IEEE 754) cannot represent all digits of the number'

const literalForm = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
const zero = 48

/**
 * Returns true if a double represents a number exactly as written: if `literal`, in JSON syntax,
 * equals the shortest decimal that parses to the same double. Runs in linear time.
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
  /** The digits without leading and trailing zeros; empty if the number is zero. */
  readonly digits: string
  readonly exponent: number
}

function toDecimal(literal: string): Decimal {
  const [, whole = '', fraction = '', power = '0'] = literalForm.exec(literal) ?? []
  const digits = whole + fraction
  const start = digits.search(/[1-9]/)
  if (start === -1) return { digits: '', exponent: 0 }
  // A loop finds the end, because /0+$/ takes quadratic time if zeros precede other digits.
  let end = digits.length
  while (digits.charCodeAt(end - 1) === zero) end -= 1
  return { digits: digits.slice(start, end), exponent: whole.length - start + Number(power) }
}
