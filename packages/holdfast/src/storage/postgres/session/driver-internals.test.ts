import { PassThrough } from 'node:stream'
import pg from 'pg'
import { expect, test } from 'vitest'
import { type InstalledDriver, knownVersion, requireKnownDriver } from './driver-internals.ts'

const { utils } = pg as unknown as { readonly utils: object }
const known: InstalledDriver = {
  version: knownVersion,
  client: pg.Client.prototype,
  query: pg.Query.prototype as object,
  utils,
  connection: { stream: new PassThrough(), parsedStatements: {} },
}

test('the installed driver is supported', () => {
  requireKnownDriver()
  requireKnownDriver(known)
  // A bundle has no version.
  requireKnownDriver({ ...known, version: undefined })
})

const without = (members: object, name: string): object =>
  Object.create(members, { [name]: { value: undefined } })

test.each<[string, InstalledDriver]>([
  ['is 8.99.0', { ...known, version: '8.99.0' }],
  ['has no client.getStartupConf', { ...known, client: without(known.client, 'getStartupConf') }],
  ['has no query.handleDataRow', { ...known, query: without(known.query, 'handleDataRow') }],
  [
    'has no stream.cork',
    { ...known, connection: { ...known.connection, stream: without(new PassThrough(), 'cork') } },
  ],
  ['has no connection.parsedStatements', { ...known, connection: { stream: new PassThrough() } }],
  ['has no utils.prepareValue', { ...known, version: undefined, utils: {} }],
])('one that %s is rejected', (finding, driver) => {
  expect(() => requireKnownDriver(driver)).toThrow(
    expect.objectContaining({ code: 'driver-unknown', message: expect.stringContaining(finding) }),
  )
})
