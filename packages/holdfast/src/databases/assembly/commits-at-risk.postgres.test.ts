import { createLogger, holdfast, systemClock } from 'holdfast'
import { connectClient, postgres } from 'holdfast/postgres'
import { type TestDatabase } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import { expect, test } from 'vitest'

const { service } = holdfast({ database: postgres() })
const app = service({ name: 'durable', operations: {} })

async function run(database: TestDatabase, text: string): Promise<void> {
  const client = await connectClient({ connectionString: database.url, applicationName: 'test' })
  await client.query(text)
  await client.end()
}

/** Starts the service, stops it, and returns its warnings about one setting. */
async function warningsOf(
  url: string,
  setting: string,
  mode: 'production' | 'test' = 'production',
): Promise<readonly unknown[]> {
  const lines: string[] = []
  const running = await app.start({
    env: { DATABASE_URL: url },
    mode,
    clock: systemClock,
    log: createLogger({ level: 'warn', write: (line) => lines.push(line) }),
    notify: () => {},
  })
  await running.stop()
  return lines.map((line) => JSON.parse(line)).filter((line) => line.setting === setting)
}

test.each([
  ['database', 'alter database :database set synchronous_commit = off'],
  ['database user', 'alter role current_user in database :database set synchronous_commit = off'],
])('a start warns about synchronous_commit = off in the settings of a %s', async (source, statement) => {
  const database = await createMigratedDatabase()
  const name = new URL(database.url).pathname.slice(1)
  expect(await warningsOf(database.url, 'synchronous_commit')).toEqual([])
  await run(database, statement.replace(':database', name))
  expect(await warningsOf(database.url, 'synchronous_commit')).toEqual([
    expect.objectContaining({
      level: 'warn',
      source,
      msg: expect.stringContaining('synchronous_commit is off: a server crash loses acknowledged commits'),
    }),
  ])
  expect(await warningsOf(database.url, 'synchronous_commit', 'test')).toEqual([])
  await database.drop()
})

test('a start warns about an option in the URL that can lose commits', async () => {
  const database = await createMigratedDatabase()
  const url = new URL(database.url)
  url.searchParams.set('options', '-c synchronous_commit=off')
  expect(await warningsOf(url.href, 'synchronous_commit')).toMatchObject([{ source: 'client' }])
  await database.drop()
})

test('a start warns about fsync = off, except in tests', async () => {
  const database = await createMigratedDatabase()
  expect(await warningsOf(database.url, 'fsync')).toMatchObject([
    { msg: expect.stringContaining('fsync is off') },
  ])
  await database.drop()
})
