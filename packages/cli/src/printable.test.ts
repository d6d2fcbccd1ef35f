import { expect, test } from 'vitest'
import { printable, printableJson } from './printable.ts'

test.each([
  ['\u001B[2Jgone', String.raw`\u001b[2Jgone`],
  ['two\nlines\r', String.raw`two\nlines\u000d`],
  ['a\u202Eb', String.raw`a\u202eb`],
  ['\u009B1m', String.raw`\u009b1m`],
  ['\u{E0041}', String.raw`\udb40\udc41`],
  ['Grüße, 世界 👋', 'Grüße, 世界 👋'],
])('%j is printed without control characters', (text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('JSON with escaped control characters parses to the same value', () => {
  const value = { text: 'a\u202E\u009B\u{E0041}\n', list: [1] }
  const shown = printableJson(value)
  expect(shown).not.toMatch(/[\u007F-\u009F\p{Cf}]/u)
  expect(JSON.parse(shown)).toEqual(value)
})
