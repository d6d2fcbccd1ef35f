import { anonymous, type Caller } from 'holdfast'
import { expect, test } from 'vitest'
import { scopeOf } from './caller.ts'

test('a scope identifies one caller of one tenant, regardless of the characters in their names', () => {
  const callers: Caller[] = [
    anonymous,
    { kind: 'anonymous', tenant: 'a' },
    { kind: 'anonymous', tenant: 'b' },
    { kind: 'user', id: 'a' },
    { kind: 'user', id: 'a', tenant: 'a' },
    { kind: 'service', id: 'a' },
    { kind: 'user', id: '"],["' },
    { kind: 'user' },
  ]
  expect(new Set(callers.map(scopeOf)).size).toBe(callers.length)
  expect(scopeOf({ kind: 'user', id: 'a' })).toBe(scopeOf({ id: 'a', kind: 'user' }))
})
