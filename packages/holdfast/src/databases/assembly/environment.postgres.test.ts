import { holdfast } from 'holdfast'
import { connectClient, postgres } from 'holdfast/postgres'
import { createTestDatabase } from 'holdfast/testing'
import { afterEach, expect, test, vi } from 'vitest'
import { testPostgresUrl } from '../../testing/test-postgres.ts'
import { testHost } from '../../../test/test-host.ts'

const { service } = holdfast({ database: postgres() })
const empty = service({ name: 'empty', operations: {} })

function start(env: Readonly<Record<string, string>>): Promise<unknown> {
  return empty.start(testHost({ env, mode: 'production' }))
}

afterEach(() => void vi.unstubAllEnvs())

test('no PG… variable reaches a connection', async () => {
  const database = await createTestDatabase()
  vi.stubEnv('PGSSLMODE', 'require')
  vi.stubEnv('PGSSLNEGOTIATION', 'direct')
  vi.stubEnv('PGOPTIONS', '-c work_mem=5MB')
  vi.stubEnv('PGAPPNAME', 'other')
  vi.stubEnv('PGREPLICATION', 'database')
  vi.stubEnv('PGHOST', 'host.invalid')
  vi.stubEnv('PGUSER', 'nobody')
  vi.stubEnv('PGDATABASE', 'none')
  vi.stubEnv('PGPORT', '1')
  const client = await connectClient({ connectionString: database.url, applicationName: 'mine' })
  const { rows } = await client.query(
    `select current_setting('work_mem') as work_mem, current_setting('application_name') as name`,
  )
  expect(rows).toEqual([{ work_mem: '4MB', name: 'mine' }])
  await client.end()
  await database.drop()
})

test('parts that a URL omits do not come from PG… variables', async () => {
  const { port, username, password } = new URL(await testPostgresUrl())
  vi.stubEnv('PGDATABASE', 'none')
  vi.stubEnv('PGUSER', 'nobody')
  vi.stubEnv('PGHOST', 'host.invalid')
  vi.stubEnv('PGPASSWORD', password)
  const options = encodeURIComponent('-c work_mem=6MB')
  const open = (more: string) =>
    connectClient({
      connectionString: `postgres:///?user=${username}&port=${port}&options=${options}${more}`,
      applicationName: 'mine',
    })
  const client = await open(`&password=${password}`)
  const { rows } = await client.query(
    `select current_database() as database, current_user as user, current_setting('work_mem') as work_mem`,
  )
  expect(rows).toEqual([{ database: username, user: username, work_mem: '6MB' }])
  await client.end()
  await expect(open('')).rejects.toMatchObject({
    code: 'database-unreachable',
    message: expect.stringContaining('PGPASSWORD'),
  })
})

test('if PGSSLMODE requests encryption and DATABASE_URL does not, the service does not start', async () => {
  const DATABASE_URL = 'postgres://app:secret@127.0.0.1:1/app'
  await expect(start({ DATABASE_URL, PGSSLMODE: 'require' })).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining('PGSSLMODE'),
  })
  for (const env of [
    { DATABASE_URL, PGSSLMODE: 'disable' },
    { DATABASE_URL: 'postgres://app:secret@/app?host=/nowhere', PGSSLMODE: 'require' },
    { DATABASE_URL: `${DATABASE_URL}?sslmode=verify-full`, PGSSLMODE: 'require' },
  ]) {
    await expect(start(env)).rejects.toMatchObject({ code: 'database-unreachable' })
  }
})
