import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chown, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'holdfast/embedded'
import { until } from 'holdfast/testing'
import { createTestFolder } from '../src/testing/test-folder.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/** A server that replicates another server. */
export interface Standby {
  readonly server: EmbeddedPostgres
  /** Returns the URL on the standby for a database on the primary. */
  urlOf(databaseUrl: string): string
  /** Stops the standby and deletes its data. */
  remove(): Promise<void>
}

const run = promisify(execFile)

/** Creates a standby of a server from a copy of its files. The standby then streams the log. */
export async function startStandby(primary: EmbeddedPostgres): Promise<Standby> {
  const directory = await createTestFolder()
  const data = join(directory, 'data')
  const from = join(primary.directory, 'data')
  const slot = `standby_${randomUUID().replaceAll('-', '')}`
  const client = new DriverClient({ connectionString: primary.url })
  await client.connect()
  try {
    // With this slot, the primary keeps the part of the log that the standby has yet to fetch.
    await client.query('select pg_create_physical_replication_slot($1, true)', [slot])
    await client.query(`select pg_backup_start('standby', true)`)
    // Files appear and disappear during the copying. Replaying the log corrects the copy.
    await run('cp', ['-a', from, data]).catch(() => {})
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
    const { uid, gid } = await stat(from)
    await chown(directory, uid, gid)
    await Promise.all(
      ['postmaster.pid', 'postmaster.opts'].map((name) => rm(join(data, name), { force: true })),
    )
    for (const [name, text] of [
      ['backup_label', rows[0]!.labelfile],
      ['standby.signal', ''],
    ] as const) {
      await writeFile(join(data, name), text)
      await chown(join(data, name), uid, gid)
    }
    const { username, password, hostname, port } = new URL(primary.url)
    const server = await startEmbeddedPostgres({
      directory,
      settings: {
        fsync: 'off',
        hot_standby: 'on',
        primary_conninfo: `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`,
        primary_slot_name: slot,
        wal_receiver_status_interval: '1',
        // With this setting, a read that conflicts with rows removed on the primary is cancelled
        // immediately.
        max_standby_streaming_delay: '0',
      },
    })
    return {
      server,
      urlOf(databaseUrl) {
        const url = new URL(server.url)
        url.pathname = new URL(databaseUrl).pathname
        return url.href
      },
      async remove() {
        await server.stop()
        await dropSlot(primary.url, slot)
        await rm(directory, { recursive: true, force: true })
      },
    }
  } finally {
    await client.end()
  }
}

/**
 * Drops the slot of a standby that has stopped. The primary notices a moment later that the
 * connection has ended.
 */
async function dropSlot(primaryUrl: string, slot: string): Promise<void> {
  const client = new DriverClient({ connectionString: primaryUrl })
  await client.connect()
  try {
    await until(async () => {
      const { rowCount } = await client.query(
        'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active',
        [slot],
      )
      return rowCount === 1
    })
  } finally {
    await client.end()
  }
}
