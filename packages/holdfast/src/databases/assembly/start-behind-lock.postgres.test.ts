import { createLogger, holdfast, systemClock } from 'holdfast'
import { connectClient, postgres } from 'holdfast/postgres'
import { createTestDatabase, until } from 'holdfast/testing'
import { expect, test } from 'vitest'

const { service } = holdfast({ database: postgres() })
const app = service({ name: 'patient', operations: {} })

const start = (url: string) =>
  app.start({
    env: { DATABASE_URL: url },
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  })

test("a start waits for a lock longer than the framework's statements do", async () => {
  const database = await createTestDatabase()
  await (await start(database.url)).stop()
  const client = await connectClient({ connectionString: database.url, applicationName: 'test' })
  // A slow dispatcher, or another slow start, holds this lock in the same way.
  await client.query(`select pg_advisory_lock(hashtextextended('holdfast dispatch', 0))`)
  const starting = start(database.url)
  const waits = async (): Promise<boolean> => {
    const { rows } = await client.query(
      `select from pg_locks where locktype = 'advisory' and not granted
       and database = (select oid from pg_database where datname = current_database())
       and waitstart < now() - interval '1.5 seconds'`,
    )
    return rows.length > 0
  }
  await Promise.race([starting, until(waits)])
  await client.query('select pg_advisory_unlock_all()')
  const running = await starting
  expect(running.name).toBe('patient')
  await running.stop()
  await client.end()
  await database.drop()
})
