import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findNonJson } from './find-non-json.ts'

const circle: Record<string, unknown> = {}
circle['a'] = [circle]
let deep: unknown = 1
for (let level = 0; level < 100_000; level += 1) deep = [deep]
class Money {
  amount = 1
}

test.each<[unknown, string, string]>([
  [NaN, '', 'NaN'],
  [{ a: [1, -Infinity] }, '/a/1', '-Infinity'],
  [{ a: 1n }, '/a', 'a bigint'],
  [{ a: { b: new Map([[1, 2]]) } }, '/a/b', 'an instance of Map'],
  [[new Set()], '/0', 'an instance of Set'],
  [{ 'a/b': new Error('no') }, '/a~1b', 'an instance of Error'],
  [{ at: new Date(0) }, '/at', 'an instance of Date'],
  [{ m: new Money() }, '/m', 'an instance of Money'],
  [new Uint8Array(1), '', 'an instance of Uint8Array'],
  [[1, undefined], '/1', 'undefined'],
  // oxlint-disable-next-line no-sparse-arrays
  [[1, , 3], '/1', 'undefined'],
  [{ a: () => 1 }, '/a', 'a function'],
  [{ a: Symbol('s') }, '/a', 'a symbol'],
  [circle, '/a/0', 'a circular value'],
])('a value that JSON cannot represent is reported with its position: %o', (value, pointer, what) => {
  expect(findNonJson(value)).toEqual({ pointer, what })
})

test('a value that is nested too deeply is reported before it exhausts the stack', () => {
  expect(findNonJson(deep)?.what).toBe('a value nested more than 500 levels deep')
})

test('repeated objects, undefined members and objects from other realms are valid JSON', () => {
  const shared = { a: 1 }
  expect(findNonJson([shared, shared, { b: undefined }, Object.create(null)])).toBeUndefined()
  expect(findNonJson(runInNewContext('({ a: [{}] })'))).toBeUndefined()
})

test('a value without findings survives a round trip through JSON', () => {
  fc.assert(
    fc.property(fc.anything({ withDate: true, withMap: true, withBigInt: true }), (value) => {
      if (findNonJson({ value })) return
      expect(JSON.parse(JSON.stringify({ value }), (_, part: unknown) => part)).toEqual(plainZero({ value }))
    }),
  )
})

/** Returns the value with -0 replaced by 0. */
function plainZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(plainZero)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plainZero(part)]))
}
