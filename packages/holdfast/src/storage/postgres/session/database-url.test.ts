import { userInfo } from 'node:os'
import pg from 'pg'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { isLocal, readTls } from './connection-url.ts'
import { DriverClient } from './driver-client.ts'
import { parseDatabaseUrl, requireDatabaseUrl, serverOf, socketPathOf } from './database-url.ts'

test.each([
  ['postgres://app:pw@db.example/shop', 'db.example:5432', undefined],
  ['postgresql://app:pw@[::1]:5433/shop', '[::1]:5433', undefined],
  ['postgres://app:pw@db.example/shop?host=10.0.0.1&port=5433', '10.0.0.1:5433', undefined],
  ['postgres:///shop?host=/run/pg&user=app&password=pw', '/run/pg:5432', '/run/pg/.s.PGSQL.5432'],
  ['postgres://app:pw@/shop?host=/run/pg&port=5433', '/run/pg:5433', '/run/pg/.s.PGSQL.5433'],
  ['postgres://app:pw@:5433/shop?host=/run/pg', '/run/pg:5433', '/run/pg/.s.PGSQL.5433'],
  ['postgres://app:pw@localhost:5433/shop?host=%2Frun%2Fpg', '/run/pg:5433', '/run/pg/.s.PGSQL.5433'],
  ['postgresql://app:pw@%2Frun%2Fpg:5433/shop', '/run/pg:5433', '/run/pg/.s.PGSQL.5433'],
  [
    'postgres://app:pw@/shop?host=/cloudsql/a:eu:b',
    '/cloudsql/a:eu:b:5432',
    '/cloudsql/a:eu:b/.s.PGSQL.5432',
  ],
  ['socket://app:pw@/run/pg/?db=shop&port=5433', '/run/pg:5433', '/run/pg/.s.PGSQL.5433'],
  ['socket:/run/my%20pg?db=shop&user=app&password=pw', '/run/my pg:5432', '/run/my pg/.s.PGSQL.5432'],
])('%s points to %s', (text, server, socketPath) => {
  const url = requireDatabaseUrl(text)
  const { host, port } = serverOf(url)
  expect(`${host}:${port}`).toBe(server)
  expect(socketPathOf(url)).toBe(socketPath)
  expect(url.pathname).toBe('/shop')
  expect(url.username || url.searchParams.get('user')).toBe('app')
  expect(url.password || url.searchParams.get('password')).toBe('pw')
  // Every form is normalized to the same form, which other clients also accept.
  expect(requireDatabaseUrl(url.href).href).toBe(url.href)
  expect(url.protocol).toMatch(/^postgres/)
})

test.each(['', 'app', 'http://app:pw@db/shop', 'postgres//app:pw@db/shop', 'postgres:shop', '/run/pg shop'])(
  '%j is not the URL of a database, and the message does not contain the password',
  (text) => {
    expect(parseDatabaseUrl(text)).toBeUndefined()
    expect(() => requireDatabaseUrl(text)).toThrow(
      expect.objectContaining({
        code: 'configuration-invalid',
        message: expect.not.stringContaining('pw') as string,
      }),
    )
  },
)

test.each([
  ['host', 'host=/run/pg&host=db.example&sslmode=verify-full'],
  ['host', 'host=localhost&host=db.example'],
  ['host', 'host=&host=db.example'],
  ['port', 'host=/run/pg&port=5432&port=5433'],
])(
  'several values of %s are rejected, because the driver would use only the last one: %s',
  (name, parameters) => {
    const connectionString = `postgres://app:pw@db/shop?${parameters}`
    expect(() => new DriverClient({ connectionString })).toThrow(
      expect.objectContaining({
        code: 'configuration-invalid',
        message: expect.stringContaining(`contains the parameter ${name} more than once`) as string,
      }),
    )
  },
)

test.each([
  ['postgres://app:50%off@/shop?host=/run/pg', '/run/pg', '50%off'],
  ['postgres://app:%2F%@%2Frun%2Fpg/shop', '/run/pg', '/%'],
  ['postgres://app:%2F%zz@db.example/shop', 'db.example', '/%zz'],
])('the driver connects with %s', (connectionString, host, password) => {
  expect(new DriverClient({ connectionString })).toMatchObject({ host, password })
})

afterEach(() => void vi.unstubAllEnvs())

// The driver replaces an empty parameter with an environment variable. A URL that counts as local
// could then point to a different machine, without encryption.
test.each([
  ['postgres:///shop?host=&user=app', { host: 'localhost', port: 5432, user: 'app' }],
  ['postgres://app@db.example/shop?port=', { host: 'db.example', port: 5432, user: 'app' }],
  ['postgres://db.example/shop?user=', { host: 'db.example', port: 5432, user: 'os-user' }],
  ['postgres://app@db.example/shop?password=', { host: 'db.example', port: 5432, user: 'app' }],
])('an empty parameter does not come from a PG… variable: %s', (connectionString, expected) => {
  // The driver reads the user's name when it is loaded.
  const given = pg.defaults.user
  pg.defaults.user = 'os-user'
  onTestFinished(() => void (pg.defaults.user = given))
  vi.stubEnv('PGHOST', 'other.example')
  vi.stubEnv('PGPORT', '1')
  vi.stubEnv('PGUSER', 'other')
  vi.stubEnv('PGPASSWORD', 'of another server')
  const client = new DriverClient({ connectionString })
  expect(client).toMatchObject(expected)
  expect(client).not.toHaveProperty('password', 'of another server')
  expect(isLocal(requireDatabaseUrl(connectionString))).toBe(expected.host === 'localhost')
})

test.each(['socket:/run/my%20pg?db=shop', 'postgres://app@%2Frun%2Fmy%20pg/shop'])(
  'spaces in the parsed form are encoded as libpq requires: %s',
  (text) => {
    expect(parseDatabaseUrl(text)!.search).toBe('?host=%2Frun%2Fmy%20pg')
  },
)

test.each(['abc', '0', '65536', '1.5', '-1'])('the port %s is rejected', (port) => {
  expect(() => requireDatabaseUrl(`postgres://app@db/shop?port=${port}`)).toThrow(
    `The database URL contains the port ${port}. Use a number from 1 to 65535.`,
  )
})

test('without a user and without the variable USER, the user is the user of the process, not PGUSER', () => {
  const given = pg.defaults.user
  // The variable is not set in most containers.
  Reflect.deleteProperty(pg.defaults, 'user')
  onTestFinished(() => void (pg.defaults.user = given))
  vi.stubEnv('PGUSER', 'other')
  expect(new DriverClient({ connectionString: 'postgres://db.example/shop' })).toMatchObject({
    user: userInfo().username,
  })
})

test('a Unix socket whose path the system cannot open is rejected', () => {
  const max = (process.platform === 'linux' ? 107 : 103) - '/.s.PGSQL.5432'.length
  const urlOf = (bytes: number): string => `postgres:///shop?host=/${'é'.repeat((bytes - 1) / 2)}`
  requireDatabaseUrl(urlOf(max))
  expect(() => requireDatabaseUrl(urlOf(max + 2))).toThrow('whose path is 109 bytes long; the max is 107')
})

test.each([
  'sslmode=verify-full',
  'sslmode=prefer',
  'sslmode=sometimes',
  'sslnegotiation=direct',
  'sslmode=verify-full&sslrootcert=/nowhere/ca.pem',
])('?%s is ignored for a Unix socket', (parameters) => {
  const tls = readTls(requireDatabaseUrl(`postgres:///shop?host=/run/pg&${parameters}`))
  expect(tls).toEqual({ options: undefined, isVerified: false, isDirect: false })
})
