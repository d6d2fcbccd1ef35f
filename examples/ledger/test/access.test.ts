import { accessMatrix } from 'holdfast'
import { expect, test } from 'vitest'
import { ledger } from '../src/service.ts'

// The operations of `holdfast/auth` are tested there.
test('the callers of each operation are those of the snapshot', () => {
  const own = accessMatrix(ledger).filter(({ route }) => !route.includes(' /auth/'))
  const rows = own.map(
    ({ route, anonymous, user, service, rule }) =>
      `${route.padEnd(58)} ${[anonymous, user, service].map((admits) => admits.padEnd(4)).join('')} ${rule}`,
  )
  expect(rows.join('\n')).toMatchSnapshot()
})
