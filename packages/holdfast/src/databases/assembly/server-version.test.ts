import { createLogger } from 'holdfast'
import { expect, test } from 'vitest'
import { startAnsweringPostgres } from '../../../test/fake-postgres.ts'
import { migrate } from '../../storage/migrations/migrate.ts'
import { findPooler } from './find-pooler.ts'
import { fixedUrls } from '../../storage/postgres/session/url-changes.ts'

const log = createLogger({ write: () => {} })

function startVersion(version: number) {
  return startAnsweringPostgres({ pid: 0, name: 'app', maySee: false, exists: false, version })
}

function exploring(url: string): Promise<boolean> {
  const location = {
    connectionString: url,
    directConnectionString: undefined,
    ownerConnectionString: undefined,
    groupRole: undefined,
    isEmbedded: false,
    replicas: [],
    urls: fixedUrls,
    startAfresh: '',
    stop: async () => {},
  }
  return findPooler(location, { log })
}

const tooOld = { code: 'database-too-old', message: expect.stringContaining('Postgres 13') }

test('a start rejects a server older than Postgres 14', async () => {
  await using server = await startVersion(130_022)
  await expect(exploring(server.url)).rejects.toMatchObject(tooOld)
  await expect(migrate({ connectionString: server.url, migrations: [] })).rejects.toMatchObject(tooOld)
})

test('a start accepts the first version of Postgres 14', async () => {
  await using server = await startVersion(140_000)
  expect(await exploring(server.url)).toBe(false)
  expect(await migrate({ connectionString: server.url, migrations: [] })).toMatchObject({ applied: [] })
})
