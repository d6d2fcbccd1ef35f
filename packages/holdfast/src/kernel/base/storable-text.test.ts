import { expect, test } from 'vitest'
import { isStorableText } from './storable-text.ts'

test.each(['', 'user-1', 'Zoë 🦊', '\u0001'])('%j is stored unchanged', (text) => {
  expect(isStorableText(text)).toBe(true)
})

test.each(['a\0b', '\uD83E', '\uDD8A', 'a\uD83Eb'])('%j is not stored unchanged', (text) => {
  expect(isStorableText(text)).toBe(false)
})
