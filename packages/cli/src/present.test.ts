import { expect, test } from 'vitest'
import { present } from './present.ts'

test('only members that are undefined are left out', () => {
  const members = present({ name: 'a', service: undefined, limit: 0, owner: '', isNew: false, at: null })
  expect(members).toEqual({ name: 'a', limit: 0, owner: '', isNew: false, at: null })
  expect(Object.keys(members)).not.toContain('service')
})
