import { expect, test } from 'vitest'
import { allOf, andThen, isThenable } from './thenable.ts'

const double = (value: number): number => 2 * value

test('a value that is ready is used immediately', () => {
  expect(andThen(2, double)).toBe(4)
  expect(() =>
    andThen(2, () => {
      throw new TypeError('broken')
    }),
  ).toThrow('broken')
})

test('a promise is used when it is fulfilled', async () => {
  const used = andThen(Promise.resolve(2), double)
  expect(used).toBeInstanceOf(Promise)
  expect(await used).toBe(4)
  await expect(andThen(Promise.reject<number>(new TypeError('broken')), double)).rejects.toThrow('broken')
})

test('all values are returned immediately, unless one of them is a promise', async () => {
  const ready = [1, 2]
  expect(allOf(ready)).toBe(ready)
  const pending = allOf([1, Promise.resolve(2)])
  expect(pending).toBeInstanceOf(Promise)
  expect(await pending).toEqual([1, 2])
})

test('a thenable has a method `then`; it need not be a promise', () => {
  const thenable = { then: () => {} } // oxlint-disable-line unicorn/no-thenable
  expect([Promise.resolve(), thenable].map(isThenable)).toEqual([true, true])
  expect([undefined, null, 1, 'then', {}, { then: 1 }].map(isThenable)).toEqual(Array(6).fill(false)) // oxlint-disable-line unicorn/no-thenable
})
