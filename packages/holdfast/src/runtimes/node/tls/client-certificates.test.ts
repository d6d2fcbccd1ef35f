import { expect, test } from 'vitest'
import { splitNames } from './client-certificates.ts'

test.each([
  ['', []],
  ['DNS:a.test', ['DNS:a.test']],
  [
    'DNS:a.test, IP Address:10.0.0.1, URI:spiffe://a/b',
    ['DNS:a.test', 'IP Address:10.0.0.1', 'URI:spiffe://a/b'],
  ],
  ['DNS:"a.test, DNS:b.test", DNS:c.test', ['DNS:a.test, DNS:b.test', 'DNS:c.test']],
  [String.raw`URI:"a\", DNS:b"`, ['URI:a", DNS:b']],
  ['DNS:a"b', []],
  ['junk', []],
])('the names %j are %j', (list, names) => {
  expect(splitNames(list)).toEqual(names)
})
