import { expect, test } from 'vitest'
import { toJsonText } from './json-text.ts'

const invalid = (what: string, cause?: unknown): Error => new Error(`The input ${what}.`, { cause })

test('a value becomes its JSON', () => {
  const value = { amount: 1, at: new Date(0), none: undefined }
  expect(toJsonText(value, invalid)).toBe('{"amount":1,"at":"1970-01-01T00:00:00.000Z"}')
  expect(toJsonText(null, invalid)).toBe('null')
})

test('a value that JSON cannot represent is rejected with its type', () => {
  expect(() => toJsonText(undefined, invalid)).toThrow('The input is undefined, which JSON cannot represent.')
  expect(() => toJsonText(() => {}, invalid)).toThrow('The input is function, which JSON cannot represent.')
})

test('a value that cannot be serialized is rejected with the cause', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  for (const value of [circular, 1n]) {
    const serialize = (): unknown => toJsonText(value, invalid)
    expect(serialize).toThrow('The input cannot be represented in JSON.')
    expect(serialize).toThrow(expect.objectContaining({ cause: expect.any(TypeError) }))
  }
})
