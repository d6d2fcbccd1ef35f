import { expect, test } from 'vitest'
import { ReturnPaths } from './return-paths.ts'

const everything = new ReturnPaths(['/*'])

test.each([
  '//attacker.example',
  '/.//attacker.example',
  '/%2e//attacker.example',
  '/a/..//attacker.example',
  '/\\attacker.example',
  '/\tattacker.example',
  'https://attacker.example',
])('with all paths allowed, %j is no path to another site', (target) => {
  expect(everything.read(target)).toBeUndefined()
})

test('a path is returned as a browser reads it', () => {
  expect(everything.read('/a/./b/../c?d=//e#f')).toBe('/a/c?d=//e#f')
})

test('a path without a star is exact, and one with a star has paths below it', () => {
  const paths = new ReturnPaths(['/', '/orders/*'])
  expect(['/', '/?a', '/orders/1', '/orders/'].map((path) => paths.read(path) !== undefined)).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect(['/orders', '/ordersx', '/other'].map((path) => paths.read(path))).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
