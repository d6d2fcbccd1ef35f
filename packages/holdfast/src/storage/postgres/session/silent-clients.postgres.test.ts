import { randomUUID } from 'node:crypto'
import { createTestDatabase, type TestDatabase, until } from 'holdfast/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { limitTransaction } from '../queries/begin-transaction.ts'
import { MessageWriter } from '../wire/message-writer.ts'
import { DriverClient } from './driver-client.ts'

// Clients that fall silent while they send a statement.

let database: TestDatabase
let watcher: DriverClient
let major: number
beforeAll(async () => {
  database = await createTestDatabase()
  watcher = new DriverClient({ connectionString: database.url })
  await watcher.connect()
  const { rows } = await watcher.query(`select current_setting('server_version_num')::int / 10000 as major`)
  major = rows[0]!.major
  await watcher.query('create table notes (text text)')
})
afterAll(async () => {
  await watcher.end()
  await database.drop()
})

test('the transaction_timeout of a role ends a session that has not sent its Sync', async ({ skip }) => {
  if (major < 17) skip()
  const sessionSettings = { transaction_timeout: '2000' }
  const client = new DriverClient({ connectionString: database.url, sessionSettings })
  await client.connect()
  const writer = new MessageWriter()
  writer.parse('', `insert into notes values ('silent')`)
  writer.bind('', [])
  writer.execute()
  client.connection.stream.write(writer.take())
  await until(async () => {
    const { rowCount } = await watcher.query('select from pg_stat_activity where pid = $1', [
      client.processID,
    ])
    return rowCount === 0
  })
  expect((await watcher.query('select from notes')).rowCount).toBe(0)
  await client.end()
})

test('the limit of a transaction replaces the transaction_timeout of the role', async ({ skip }) => {
  if (major < 17) skip()
  // The statement that sets the limits also reads the schema epoch.
  await watcher.query('create schema holdfast; create table holdfast.schema_epoch ()')
  const sessionSettings = { transaction_timeout: '1h' }
  const client = new DriverClient({ connectionString: database.url, sessionSettings })
  await client.connect()
  await client.query('BEGIN')
  const { text, values } = limitTransaction(
    { statementMs: 600_000, idleMs: 600_000, lifetimeMs: 100 },
    randomUUID(),
  )
  // On a busy machine, the limit may end the session before the server has answered.
  await client.query(text, [...values!]).catch(() => {})
  await until(() => client.failure !== undefined)
  expect(client.failure).toMatchObject({ code: '25P04' })
  await client.end()
})
