import { PassThrough } from 'node:stream'
import pg from 'pg'
import { expect, test } from 'vitest'
import { type InstalledDriver, knownVersion, requireKnownDriver } from './driver-internals.ts'

const { utils, Result } = pg as unknown as {
  readonly utils: object
  readonly Result: { readonly prototype: object }
}
const known: InstalledDriver = {
  version: knownVersion,
  client: pg.Client.prototype,
  result: Result.prototype,
  utils,
  connection: Object.assign(Object.create(pg.Connection.prototype) as object, {
    stream: new PassThrough(),
    parsedStatements: {},
    submittedNamedStatements: {},
  }),
}

test('the installed driver is supported', () => {
  requireKnownDriver()
  requireKnownDriver(known)
  // A bundle has no version.
  requireKnownDriver({ ...known, version: undefined })
})

const without = (members: object, name: string): object =>
  Object.create(members, { [name]: { value: undefined } })

const withStream = (stream: object): object => Object.create(known.connection, { stream: { value: stream } })

test.each<[string, InstalledDriver]>([
  ['is 8.99.0', { ...known, version: '8.99.0' }],
  ['has no client.getStartupConf', { ...known, client: without(known.client, 'getStartupConf') }],
  ['has no result.parseRow', { ...known, result: without(known.result, 'parseRow') }],
  ['has no stream.cork', { ...known, connection: withStream(without(new PassThrough(), 'cork')) }],
  ['has no connection.bind', { ...known, connection: without(known.connection, 'bind') }],
  [
    'has no connection.parsedStatements',
    { ...known, connection: without(known.connection, 'parsedStatements') },
  ],
  ['has no utils.prepareValue', { ...known, version: undefined, utils: {} }],
])('a driver that %s is rejected', (finding, driver) => {
  expect(() => requireKnownDriver(driver)).toThrow(
    expect.objectContaining({ code: 'driver-unknown', message: expect.stringContaining(finding) }),
  )
})
