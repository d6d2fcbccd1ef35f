import type pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { connectClient } from '../postgres/connect-client.ts'
import { isPooled } from '../postgres/is-pooled.ts'
import { applyMigration } from './apply.ts'
import type { MigrationEvent } from './event.ts'
import { createJournal, type PendingMigration, readJournal } from './journal.ts'
import { whileLocked } from './lock.ts'
import type { MigrationSet } from './migration.ts'

/** Options of {@link migrate}. */
export interface MigrateOptions {
  readonly connectionString: string
  /** Applied one after the other. */
  readonly migrations: readonly MigrationSet[]
  /** How long another process that migrates is waited for, in milliseconds. Default 60,000. */
  readonly lockWaitMs?: number
  /** How long a statement waits for its lock at a time, in milliseconds. Default 5,000. */
  readonly lockTimeoutMs?: number
  /** How long one migration goes on trying to get its locks, in milliseconds. Default 60,000. */
  readonly retryMs?: number
  readonly notify?: (event: MigrationEvent) => void
  /** Ends the waiting for other processes. */
  readonly signal?: AbortSignal
}

const applicationName = 'holdfast (migrate)'

/** What {@link migrate} has done. */
export interface MigrationReport {
  readonly applied: readonly { readonly owner: string; readonly name: string; readonly durationMs: number }[]
  /** How many of the migrations had been applied before. */
  readonly appliedBefore: number
}

/**
 * Brings a database to the state that the migrations describe. Any number of processes may do so at once: each migration is
 * applied once. Where nothing is to do, it takes one connection and two statements.
 *
 * @throws HoldfastError of one of the codes `migration-…`, or `database-unreachable`.
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const client = await connectClient({ connectionString: options.connectionString, applicationName })
  try {
    const before = await readJournal(client, options.migrations)
    for (const event of before.events) options.notify?.(event)
    if (before.pending.length === 0) return { applied: [], appliedBefore: before.appliedBefore }
    if (await isPooled(client)) throw pooled(before.pending.length)
    return await whileLocked(
      client,
      { waitMs: options.lockWaitMs ?? 60_000, notify: options.notify ?? (() => {}), signal: options.signal },
      () => applyPending(client, options),
    )
  } finally {
    await client.end()
  }
}

async function applyPending(client: pg.ClientBase, options: MigrateOptions): Promise<MigrationReport> {
  const observer = await connectClient({ connectionString: options.connectionString, applicationName })
  try {
    await createJournal(client)
    // What was pending before may have been applied by the process that held the lock.
    const { pending, appliedBefore } = await readJournal(client, options.migrations)
    const applied: MigrationReport['applied'][number][] = []
    for (const migration of pending) {
      const durationMs = await apply(migration, { client, observer, options })
      applied.push({ owner: migration.owner, name: migration.name, durationMs })
    }
    return { applied, appliedBefore }
  } finally {
    await observer.end()
  }
}

interface Applying {
  readonly client: pg.ClientBase
  readonly observer: pg.ClientBase
  readonly options: MigrateOptions
}

async function apply(migration: PendingMigration, { client, observer, options }: Applying): Promise<number> {
  const { owner, name } = migration
  const notify = options.notify ?? (() => {})
  const durationMs = await applyMigration(migration, {
    client,
    observer,
    notify,
    lockTimeoutMs: options.lockTimeoutMs ?? 5_000,
    retryMs: options.retryMs ?? 60_000,
  })
  notify({ kind: 'applied', owner, name, durationMs })
  return durationMs
}

/** The lock that keeps processes apart is a session's, as is what limits a migration outside of a transaction. */
function pooled(count: number): HoldfastError {
  return new HoldfastError(
    'migration-through-pooler',
    `${count === 1 ? 'A migration waits' : `${count} migrations wait`} to be applied, and the database is reached through a connection pooler, where no session is one's own. Set DATABASE_DIRECT_URL to a URL that leads to Postgres itself: migrations are applied there, everything else goes through the pooler.`,
  )
}
