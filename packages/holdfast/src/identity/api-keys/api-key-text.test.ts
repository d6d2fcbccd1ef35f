import { expect, test } from 'vitest'
import { createKeyText, hashKeyText, isKeyText, startOfKeyText } from './api-key-text.ts'

test('a new key has its prefix, and no two keys are equal', () => {
  const keys = Array.from({ length: 1_000 }, () => createKeyText('hf_live'))
  expect(new Set(keys).size).toBe(1_000)
  for (const key of keys) {
    expect(key).toMatch(/^hf_live_[0-9A-Za-z]{36}$/)
    expect(isKeyText('hf_live', key)).toBe(true)
  }
})

test('each character is about as frequent as the others', () => {
  const counts = new Map<string, number>()
  for (let index = 0; index < 4_000; index += 1)
    for (const character of createKeyText('a').slice(2, 32))
      counts.set(character, (counts.get(character) ?? 0) + 1)
  expect(counts.size).toBe(62)
  // The expected count is 1,935, with a standard deviation of 44.
  for (const count of counts.values()) expect(Math.abs(count - 1_935)).toBeLessThan(8 * 44)
})

test('a key with any other character is not a key', () => {
  const key = createKeyText('hf_live')
  for (let index = 'hf_live_'.length; index < key.length; index += 1)
    for (const character of ['0', 'z', '-', 'é', ' '].filter((other) => other !== key[index]))
      expect(isKeyText('hf_live', key.slice(0, index) + character + key.slice(index + 1))).toBe(false)
})

test.each(['', 'hf_live', 'hf_live_', 'hf_live_x'])('a text that is too short is not a key: "%s"', (text) => {
  expect(isKeyText('hf_live', text)).toBe(false)
})

test('a truncated or extended key, and a key of another prefix, is not a key', () => {
  const key = createKeyText('hf_live')
  expect(isKeyText('hf_live', key.slice(0, -1))).toBe(false)
  expect(isKeyText('hf_live', `${key}0`)).toBe(false)
  expect(isKeyText('hf_test', key.replace('hf_live', 'hf_test'))).toBe(false)
})

test('the start of a key contains four of its random characters', () => {
  const key = createKeyText('hf_live')
  expect(startOfKeyText('hf_live', key)).toBe(key.slice(0, 12))
  expect(hashKeyText(key)).toHaveLength(32)
})
