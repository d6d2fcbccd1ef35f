import { expect, test } from 'vitest'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import { locateDatabase } from './location.ts'

function locate(env: Readonly<Record<string, string>>, mode: ServiceHost['mode'] = 'production') {
  return locateDatabase({}, { env, mode, notify: () => {} } as unknown as ServiceHost)
}

const remote = 'postgres://app:secret@db.example:5432/app'

test.each([
  `${remote}?sslmode=verify-full`,
  `${remote}?ssl=true`,
  'postgres://app@localhost/app',
  'postgres://app@127.0.0.9/app',
  'postgres://app@[::1]/app',
  'postgres:///app?host=/var/run/postgresql',
  'postgres://app@%2Fvar%2Frun%2Fpostgresql/app',
  'postgres://app:secret@/app?host=/cloudsql/project:region:instance',
  'socket:/var/run/postgresql?db=app',
])('production starts with %s', async (url) => {
  await expect(locate({ DATABASE_URL: url })).resolves.toMatchObject({ connectionString: url })
})

test.each([
  remote,
  `${remote}?sslmode=disable`,
  `${remote}?sslmode=require`,
  `${remote}?ssl=no-verify`,
  'postgres://app@10.0.0.1/app',
  'postgres://app@127.0.0.1.example/app',
  // These names may be resolved by DNS.
  'postgres://app@db.localhost/app',
  'postgres://app@127.0.0.999/app',
])('production does not start with %s, and its message does not contain the password', async (url) => {
  const error: unknown = await locate({ DATABASE_URL: url }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    code: 'database-not-verified',
    message: expect.stringMatching(/DATABASE_URL points to .*sslmode=verify-full.*DATABASE_TLS_EXCEPTION/),
  })
  expect(String(error)).not.toContain('secret')
  await locate({ DATABASE_URL: url }, 'development')
  await locate({ DATABASE_URL: url, DATABASE_TLS_EXCEPTION: 'the network is one machine' })
  await expect(locate({ DATABASE_URL: url, DATABASE_TLS_EXCEPTION: '  ' })).rejects.toMatchObject({
    code: 'database-not-verified',
  })
})

test('the message names the host that the connection uses', async () => {
  await expect(locate({ DATABASE_URL: 'postgres://app@localhost/app?host=db.example' })).rejects.toThrow(
    'DATABASE_URL points to db.example, another machine',
  )
})

test('the direct URL and the replicas are checked too', async () => {
  const env = { DATABASE_URL: 'postgres://app@localhost/app' }
  await expect(locate({ ...env, DATABASE_DIRECT_URL: remote })).rejects.toThrow(
    'DATABASE_DIRECT_URL points to',
  )
  await expect(locate({ ...env, DATABASE_REPLICA_URLS: remote })).rejects.toThrow(
    'DATABASE_REPLICA_URLS points to',
  )
})

test.each([
  ['sslmode=prefer', 'can downgrade the connection to no encryption'],
  ['sslmode=sometimes', 'Use verify-full'],
  ['sslmode=verify-ca', 'Set sslrootcert to your own CA'],
  ['sslmode=require&sslrootcert=system', 'With sslrootcert=system, use verify-full'],
  ['sslmode=verify-full&sslrootcert=/nowhere/ca.pem', 'a file that cannot be read'],
  ['sslnegotiation=direct', 'Add sslmode=verify-full'],
])('?%s is rejected', async (parameters, message) => {
  await expect(locate({ DATABASE_URL: `${remote}?${parameters}` })).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining(message),
  })
})
