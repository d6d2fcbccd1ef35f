import { expect, test } from 'vitest'
import { type Duration, toDuration, toMilliseconds } from './duration.ts'

test.each([
  ['250ms', 250],
  ['1.5s', 1_500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
] as const)('%s is %d milliseconds', (duration, ms) => {
  expect(toMilliseconds(duration, { option: 'grace' })).toBe(ms)
})

test.each([
  [
    '5 minutes',
    {},
    `The option grace is "5 minutes", which is not a valid duration above zero. Use a number and a unit: '250ms', '2s', '5m', '1h' or '7d'.`,
  ],
  [60_000, {}, 'The option grace is 60000, which is not a valid duration above zero.'],
  ['0s', {}, 'The option grace is "0s", which is not a valid duration above zero.'],
  ['-1s', { allowsZero: true }, '"-1s", which is not a valid duration. Use'],
  ['2d', { max: '1d' }, '"2d", which is not a valid duration above zero of at most 1d. Use'],
] as const)('%j is rejected under %j', (duration, rule, message) => {
  expect(() => toMilliseconds(duration as Duration, { option: 'grace', ...rule })).toThrow(message)
})

test('zero is valid only if the rule allows it', () => {
  expect(toMilliseconds('0s', { option: 'grace', allowsZero: true })).toBe(0)
})

test.each([
  [0, '0s'],
  [7_000, '7s'],
  [1_500, '1500ms'],
  [86_400_000, '1d'],
  [90_000, '90s'],
])('%d milliseconds are %s', (ms, duration) => {
  expect(toDuration(ms)).toBe(duration)
})
