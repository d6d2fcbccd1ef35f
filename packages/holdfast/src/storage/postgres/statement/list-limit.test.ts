import { expect, test } from 'vitest'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { checkLimit, defaultListed } from './list-limit.ts'

const invalid = (what: string, wanted: string): HoldfastError =>
  new HoldfastError('list-invalid', `Rows were requested with ${what}; it must be ${wanted}.`)

test.each([1, defaultListed, 1_000])('%d rows can be listed at once', (limit) => {
  expect(checkLimit(limit, invalid)).toBe(limit)
})

test.each([0, -1, 1.5, 1_001, NaN, Infinity])('%d is rejected as the number of rows of a list', (limit) => {
  expect(() => checkLimit(limit, invalid)).toThrow(
    `Rows were requested with the limit ${limit}; it must be an integer from 1 to 1000.`,
  )
})

test('a list can have a different max', () => {
  expect(checkLimit(1_001, invalid, 10_000)).toBe(1_001)
  expect(() => checkLimit(10_001, invalid, 10_000)).toThrow('an integer from 1 to 10000')
})
