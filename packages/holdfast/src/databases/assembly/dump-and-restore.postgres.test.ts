import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { listSubscriptions } from 'holdfast/messages'
import { connectClient } from 'holdfast/postgres'
import { createTestDatabase } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { createTestFolder } from '../../testing/test-folder.ts'
import { startTestPostgres, testPostgresUrl } from '../../testing/test-postgres.ts'
import { startOrders } from './orders.fixture.ts'

// Tests a backup with the real pg_dump and pg_restore, which must not be older than the server. The
// embedded server does not include these programs, so the test needs a Postgres client of the
// server's version or later; `npm run postgres-versions -- 15` runs it with the client of Debian
// 12.

const run = promisify(execFile)

interface Tools {
  readonly dump: string
  readonly restore: string
}

/** Finds the programs, or returns a description of what is missing. */
async function findTools(): Promise<Tools | string> {
  const client = await connectClient({
    connectionString: await testPostgresUrl(),
    applicationName: 'test',
  })
  const { rows } = await client.query<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  )
  await client.end()
  const { major } = rows[0]!
  const folders = [`/usr/lib/postgresql/${major}/bin`, ...(process.env['PATH'] ?? '').split(':')]
  for (const folder of folders) {
    const [dump, restore] = [join(folder, 'pg_dump'), join(folder, 'pg_restore')]
    if (!existsSync(dump) || !existsSync(restore)) continue
    const { stdout } = await run(dump, ['--version'])
    if (Number(/ (\d+)/.exec(stdout)?.[1]) >= major) return { dump, restore }
  }
  return `pg_dump of Postgres ${major} or later is not installed`
}

const tools = await findTools()
if (typeof tools === 'string') console.log(`Skipped: ${tools}.`)

const numbers = `
  select (select max(seq)::int from holdfast.all_jobs) as job, (select max(position)::int from holdfast.messages) as message,
    (select width_ms::float8 from holdfast.idempotency_ring) as width, (select count(*)::int from holdfast.idempotency_keys) as keys`
interface Numbers {
  readonly job: number
  readonly message: number
  readonly width: number
  readonly keys: number
}

test.skipIf(typeof tools === 'string').each(['database', 'server'] as const)(
  'a database that is restored into another %s continues from the time of the dump',
  async (change) => {
    const { dump, restore } = tools as Tools
    const source = await createTestDatabase()
    const [a, b] = [randomUUID(), randomUUID()]
    const first = await startOrders(source.url)
    expect(await first.place('a', a)).toMatchObject({ status: 201 })
    await first.settled('a')
    await first.stop()
    // This order's job and message wait, since no worker runs.
    const second = await startOrders(source.url, { worker: false })
    expect(await second.place('b', b)).toMatchObject({ status: 201 })
    const folder = await createTestFolder()
    const file = join(folder, 'dump')
    await run(dump, ['--format=custom', `--file=${file}`, `--dbname=${source.url}`])
    const { rows: before } = await second.client.query<Numbers>(numbers)
    await second.stop()

    const server = change === 'server' ? await startTestPostgres() : undefined
    const target = server ? undefined : await createTestDatabase()
    const url = server?.url ?? target!.url
    await run(restore, ['--no-owner', '--exit-on-error', `--dbname=${url}`, file])
    const restored = await startOrders(url)
    expect(restored.lines).toContainEqual(expect.objectContaining({ change }))
    for (const [name, key] of [
      ['a', a],
      ['b', b],
    ] as const)
      expect(await restored.place(name, key)).toMatchObject({
        status: 201,
        headers: { 'idempotency-replayed': 'true' },
      })
    await restored.settled('a', 'b')
    expect(await restored.countOf('scheduled')).toBe(2)
    expect((await restored.place('c', randomUUID())).headers).not.toHaveProperty('idempotency-replayed')
    await restored.settled('a', 'b', 'c')
    const { rows: after } = await restored.client.query<Numbers>(numbers)
    expect(after[0]!.job).toBeGreaterThan(before[0]!.job)
    expect(after[0]!.message).toBe(before[0]!.message + 2)
    expect(after[0]).toMatchObject({ width: before[0]!.width, keys: before[0]!.keys + 1 })
    expect(await listSubscriptions(restored.client)).toMatchObject([
      { name: 'count', position: String(after[0]!.message), lagMessages: 0 },
    ])
    await restored.stop()
    await server?.stop()
    await target?.drop()
    await source.drop()
    await rm(folder, { recursive: true })
  },
)
