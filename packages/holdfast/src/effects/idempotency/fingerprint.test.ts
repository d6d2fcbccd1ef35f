import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from '../../transports/http/request/parse-json.ts'
import { isExactNumber } from '../../kernel/base/exact-number.ts'
import { haveSameValue, numberLiteral } from '../../kernel/base/number-literal.fixture.ts'
import { parseRoute } from '../../kernel/operation/route.ts'
import { canonicalRequest, fingerprintOf } from './fingerprint.ts'

function fingerprintOfBody(literal: string): string {
  const body = parseJson(new TextEncoder().encode(`{"amount":${literal}}`))
  const request = canonicalRequest(parseRoute('POST /payments'), { path: {}, query: {}, body })
  return fingerprintOf(request).toString('hex')
}

/** Two numbers that are equal or very close to each other. */
const close = numberLiteral.chain((literal) => {
  const mantissa = literal.replace(/[eE].*/, '')
  const rest = literal.slice(mantissa.length)
  const point = mantissa.includes('.') ? '' : '.'
  const variants = [
    String(Number(literal)),
    `${mantissa}${point}0${rest}`,
    `${mantissa}${point}00000001${rest}`,
  ]
  return fc.tuple(fc.constant(literal), fc.constantFrom(...variants))
})

test('two accepted numbers have the same fingerprint only if they are equal', () => {
  fc.assert(
    fc.property(close, ([one, other]) => {
      fc.pre(isExactNumber(one) && isExactNumber(other))
      expect(fingerprintOfBody(one) === fingerprintOfBody(other)).toBe(haveSameValue(one, other))
    }),
    { numRuns: 500 },
  )
})

const transfer = { path: { account: 'a' }, query: { dry: ['no'] }, body: { amount: 1 } }

test.each([
  ['path', { ...transfer, path: { account: 'b' } }],
  ['query', { ...transfer, query: { dry: ['yes'] } }],
  ['body', { ...transfer, body: { amount: 2 } }],
])('requests that differ in their %s have different fingerprints', (_, other) => {
  const route = parseRoute('POST /accounts/{account}/transfers')
  const [one, another] = [transfer, other].map((input) => fingerprintOf(canonicalRequest(route, input)))
  expect(one!.equals(another!)).toBe(false)
})
