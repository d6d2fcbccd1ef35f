import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { SecretKeys } from './secret-keys.ts'

const old = randomBytes(32)
const current = randomBytes(32)
const before = new SecretKeys([old])
const rotated = new SecretKeys([current, old])
const without = new SecretKeys([current])
const sealing = { purpose: 'test', context: ['row', '1'], keyMaterial: 'a key of the client' }
const plain = Buffer.from('a secret')

test('sealed data opens, and each seal is different', () => {
  const sealed = before.seal(plain, sealing)
  expect(before.open(sealed, sealing)).toEqual(plain)
  expect(before.seal(plain, sealing)).not.toEqual(sealed)
  expect(sealed.includes(plain)).toBe(false)
  expect(before.open(before.seal(Buffer.alloc(0), sealing), sealing)).toEqual(Buffer.alloc(0))
})

test('the first key seals, and each key opens', () => {
  expect(rotated.open(before.seal(plain, sealing), sealing)).toEqual(plain)
  expect(without.open(rotated.seal(plain, sealing), sealing)).toEqual(plain)
  expect(() => before.open(rotated.seal(plain, sealing), sealing)).toThrow(
    expect.objectContaining({ code: 'secret-key-unknown' }),
  )
})

test.each([
  ['purpose', { purpose: 'other' }],
  ['context', { context: ['row', '2'] }],
  ['division of the context', { context: ['row","1'] }],
  ['key material', { keyMaterial: 'a key of another client' }],
  ['missing key material', { keyMaterial: '' }],
])('data does not open with a different %s', (_, different) => {
  const sealed = before.seal(plain, sealing)
  expect(() => before.open(sealed, { ...sealing, ...different })).toThrow(
    expect.objectContaining({ code: 'sealed-data-invalid' }),
  )
})

test('data with an altered, missing or additional byte does not open', () => {
  const sealed = before.seal(plain, sealing)
  for (let index = 0; index < sealed.length; index += 1) {
    const altered = Buffer.from(sealed)
    altered[index]! ^= 1
    expect(() => before.open(altered, sealing)).toThrow(/cannot be opened/)
    expect(() => before.open(sealed.subarray(0, index), sealing)).toThrow(/cannot be opened/)
  }
  expect(() => before.open(Buffer.concat([sealed, Buffer.of(0)]), sealing)).toThrow(/cannot be opened/)
})

test('the derived keys differ by purpose and secret key, and the first one is for new data', () => {
  const [first, second] = rotated.deriveKeys('a')
  expect(rotated.deriveKey('a')).toEqual(first)
  expect(before.deriveKey('a')).toEqual(second)
  const all = [first, second, rotated.deriveKey('b'), old, current].map((key) => key!.toString('hex'))
  expect(new Set(all).size).toBe(all.length)
  expect(first).toHaveLength(32)
})

test('the keys are never printed', () => {
  rotated.deriveKey('a')
  expect(inspect(rotated, { depth: 9, showHidden: true })).toBe('SecretKeys {}')
  expect(JSON.stringify({ rotated })).toBe('{"rotated":{}}')
  const message = messageOf(() => without.open(before.seal(plain, sealing), sealing))
  for (const secret of [old, current]) {
    expect(message).not.toContain(secret.toString('hex').slice(0, 8))
    expect(message).not.toContain(secret.toString('base64').slice(0, 8))
  }
})

function messageOf(run: () => unknown): string {
  try {
    run()
    return ''
  } catch (error) {
    return inspect(error)
  }
}
