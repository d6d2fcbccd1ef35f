import { expect, test } from 'vitest'
import { hideSecrets, splitPassword } from './split-password.ts'

// As in libpq and in the driver, the parameter takes precedence.
test.each([
  ['postgres://a:p%2Fw@h/db', 'postgres://a@h/db', 'p/w'],
  ['postgres://a@h/db?password=pw&x=1', 'postgres://a@h/db?x=1', 'pw'],
  ['postgres://a:user@h/db?password=parameter', 'postgres://a@h/db', 'parameter'],
  ['postgres://a:user@h/db?password=', 'postgres://a@h/db', 'user'],
  ['postgres://a@h/db', 'postgres://a@h/db', undefined],
  ['postgres://a:pw@h/db?host=%2Frun%2Fmy%20pg', 'postgres://a@h/db?host=%2Frun%2Fmy%20pg', 'pw'],
])('%s without its password', (given, url, password) => {
  expect(splitPassword(given)).toEqual({ url, password })
})

test.each([
  ['postgres://a:pw@h/db?sslkey=/k&sslpassword=phrase', 'postgres://a@h/db?sslkey=%2Fk'],
  ['postgres://a@h/db?sslpassword=phrase&host=/my%20pg', 'postgres://a@h/db?host=%2Fmy%20pg'],
  ['postgres://a:pw@h/db', 'postgres://a@h/db'],
  ['postgres://a@h/db', undefined],
])('%s without its secrets', (given, shown) => {
  expect(hideSecrets(given)).toBe(shown)
})
