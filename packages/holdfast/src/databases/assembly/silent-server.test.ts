import { createLogger } from 'holdfast'
import { expect, test } from 'vitest'
import { startSilentPostgres } from '../../../test/fake-postgres.ts'
import { migrate } from '../../storage/migrations/migrate.ts'
import { connectClient } from '../../storage/postgres/session/connect-client.ts'
import { findPooler } from './find-pooler.ts'
import { fixedUrls } from '../../storage/postgres/session/url-changes.ts'

const log = createLogger({ write: () => {} })
const answerTimeoutMs = 100
const unanswered = {
  code: 'database-unreachable',
  message: expect.stringContaining('accepted a connection, but did not respond'),
}

test('the first statements of a start fail at a server that does not respond after the handshake', async () => {
  await using server = await startSilentPostgres()
  const location = {
    connectionString: server.url,
    directConnectionString: undefined,
    ownerConnectionString: undefined,
    groupRole: undefined,
    isEmbedded: false,
    replicas: [],
    urls: fixedUrls,
    startAfresh: '',
    stop: async () => {},
  }
  await expect(findPooler(location, { log, answerTimeoutMs })).rejects.toMatchObject(unanswered)
  await expect(
    migrate({ connectionString: server.url, migrations: [], answerTimeoutMs }),
  ).rejects.toMatchObject(unanswered)
})

test('a session that the server does not close is closed by the client', async () => {
  await using server = await startSilentPostgres()
  const client = await connectClient({ connectionString: server.url, applicationName: 'ended' })
  await client.end()
  expect(server.sessions).toBe(1)
})
