import pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { connectClient, requireAnswer } from '../postgres/connect-client.ts'
import type { DriverClient } from '../postgres/driver-client.ts'
import { isPooled } from '../postgres/is-pooled.ts'
import { withPatience } from '../postgres/patience.ts'
import { applyMigration } from './apply.ts'
import type { MigrationEvent } from './event.ts'
import { createJournal, type PendingMigration, readJournal } from './journal.ts'
import { type LockOptions, whileLocked } from './lock.ts'
import type { MigrationSet } from './migration.ts'

/** Options of {@link migrate}. */
export interface MigrateOptions {
  readonly connectionString: string
  /** Whether a pooler may stand between, which refuses some settings of a session. Default false. */
  readonly isPooled?: boolean
  /** Applied one after the other. */
  readonly migrations: readonly MigrationSet[]
  /** How long one that holds the migration lock is waited for, in milliseconds. Default 60,000. */
  readonly lockWaitMs?: number
  /** How long a statement waits for its lock at a time, in milliseconds. Default 5,000. */
  readonly lockTimeoutMs?: number
  /** How long one migration goes on trying to get its locks, in milliseconds. Default 60,000. */
  readonly retryMs?: number
  /**
   * How long the server may take to answer a statement of the journal, in milliseconds. The statements of
   * migrations take as long as they need. Default 10,000.
   */
  readonly answerTimeoutMs?: number
  readonly notify?: (event: MigrationEvent) => void
  /** How a person gets an empty database, if this one may be thrown away: for `migration-edited`. Default: it may not. */
  readonly startAfresh?: string
  /** Ends the waiting for other processes. */
  readonly signal?: AbortSignal
}

/** The result of {@link migrate}. */
export interface MigrationReport {
  readonly applied: readonly { readonly owner: string; readonly name: string; readonly durationMs: number }[]
  /** How many of the migrations had been applied before. */
  readonly appliedBefore: number
}

/**
 * Brings a database to the state that the migrations describe. Any number of processes may do so at once: each migration is
 * applied once. Where nothing is to do, it takes one connection and two statements.
 *
 * @throws HoldfastError of one of the codes `migration-…`, `schema-too-new`, or `database-unreachable`.
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const answerTimeoutMs = options.answerTimeoutMs ?? 10_000
  const client = await connect(options, answerTimeoutMs)
  try {
    const before = await requireAnswer(readJournal(client, options.migrations, options.startAfresh))
    for (const event of before.events) options.notify?.(event)
    if (before.pending.length === 0) return { applied: [], appliedBefore: before.appliedBefore }
    if (await requireAnswer(isPooled(client))) throw pooled(before.pending.length)
  } finally {
    await client.end()
  }
  return applyPending(options)
}

async function applyPending(options: MigrateOptions): Promise<MigrationReport> {
  const observer = await connect(options)
  const applied: MigrationReport['applied'][number][] = []
  let appliedBefore: number | undefined
  try {
    for (;;) {
      // A session of its own for each file: what one sets, takes or leaves in its session must not hold for those behind it, which a later
      // start may apply without it. Nor must they miss what it has set for all sessions to come.
      const client = await connect(options)
      try {
        const round = await whileLocked(client, lockOptions(options), () =>
          applyNext({ client, observer, options }),
        )
        appliedBefore ??= round.appliedBefore
        applied.push(...round.applied)
        if (round.isLast) return { applied, appliedBefore }
      } finally {
        await client.end()
      }
    }
  } finally {
    await observer.end()
  }
}

function connect(
  { connectionString, isPooled: mayBePooled = false }: MigrateOptions,
  queryTimeoutMs?: number,
): Promise<DriverClient> {
  return connectClient({
    connectionString,
    applicationName: 'holdfast (migrate)',
    isPooled: mayBePooled,
    ...(queryTimeoutMs === undefined ? {} : { queryTimeoutMs }),
  })
}

function lockOptions({ lockWaitMs = 60_000, notify = () => {}, signal }: MigrateOptions): LockOptions {
  return { waitMs: lockWaitMs, notify, signal }
}

interface Applying {
  readonly client: pg.ClientBase
  readonly observer: pg.ClientBase
  readonly options: MigrateOptions
}

/** Applies as many of the pending migrations as one session may: one, or the first ones that share a session. */
async function applyNext({
  client,
  observer,
  options,
}: Applying): Promise<MigrationReport & { readonly isLast: boolean }> {
  // What was pending before may have been applied by the process that held the lock.
  const journal = explainForbidden(client, () => createJournal(client)).then(() =>
    readJournal(client, options.migrations, options.startAfresh),
  )
  const { pending, appliedBefore } = await requireAnswer(
    withPatience(journal, options.answerTimeoutMs ?? 10_000),
  )
  const sharing = new Set(
    options.migrations.filter(({ sharesSession }) => sharesSession === true).map(({ owner }) => owner),
  )
  const end = pending.findIndex(({ owner }) => !sharing.has(owner))
  const next = pending.slice(0, end === 0 ? 1 : end === -1 ? pending.length : end)
  const applied: MigrationReport['applied'][number][] = []
  for (const migration of next) {
    const run = (): Promise<number> => apply(migration, { client, observer, options })
    const durationMs = await (migration.owner === 'holdfast' ? explainForbidden(client, run) : run())
    applied.push({ owner: migration.owner, name: migration.name, durationMs })
  }
  return { applied, appliedBefore, isLast: next.length === pending.length }
}

/** Says who may not do what if the role lacks a right for the framework's own schema. */
async function explainForbidden<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const cause = error instanceof HoldfastError ? error.cause : error
    if (!(cause instanceof pg.DatabaseError) || cause.code !== insufficientPrivilege) throw error
    const { rows } = await client.query<{ role: string }>('select current_user as role')
    throw new HoldfastError(
      'migration-forbidden',
      `Migrations of the framework wait to be applied, and the role "${rows[0]?.role}" may not apply them: ${cause.message}. Start the service once with a role that owns the schema "holdfast" and may create tables in it (DATABASE_DIRECT_URL is used for migrations only), or grant this one the right.`,
      { cause: error },
    )
  }
}

const insufficientPrivilege = '42501'

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
