import pg from 'pg'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { connectClient, requireAnswer } from '../postgres/session/connect-client.ts'
import type { DriverClient } from '../postgres/session/driver-client.ts'
import { isPooled } from '../postgres/session/is-pooled.ts'
import { answerWithin } from '../postgres/session/answer-within.ts'
import { applyMigration } from './apply.ts'
import type { MigrationEvent } from './event.ts'
import { createJournal, type PendingMigration, readJournal } from './journal.ts'
import { type LockOptions, whileLocked } from './lock.ts'
import type { MigrationSet } from './migration.ts'

/** Options of {@link migrate}. */
export interface MigrateOptions {
  readonly connectionString: string
  /**
   * True if the URL may point to a connection pooler, which rejects some session settings. Default
   * false.
   */
  readonly isPooled?: boolean
  /** The migrations; the sets are applied in this order. */
  readonly migrations: readonly MigrationSet[]
  /** Max wait for the migration lock, in milliseconds. Default 60,000. */
  readonly lockWaitMs?: number
  /** Lock timeout of a statement, in milliseconds. Default 5,000. */
  readonly lockTimeoutMs?: number
  /**
   * Max time for all attempts to get the locks of one migration, in milliseconds. Default 60,000.
   */
  readonly retryMs?: number
  /**
   * Timeout for creating and reading the journal, in milliseconds. The statements of migrations
   * have no timeout. Default 10,000.
   */
  readonly answerTimeoutMs?: number
  readonly notify?: (event: MigrationEvent) => void
  /**
   * Instructions for starting with an empty database. The message of `migration-edited` includes
   * them. Default: none.
   */
  readonly startAfresh?: string
  /** Aborts the wait for the migration lock. */
  readonly signal?: AbortSignal
}

/** The result of {@link migrate}. */
export interface MigrationReport {
  readonly applied: readonly { readonly owner: string; readonly name: string; readonly durationMs: number }[]
  /** Number of migrations that were already applied. */
  readonly appliedBefore: number
}

/**
 * Applies pending migrations to a database. Any number of processes may apply them at the same
 * time: each migration is applied once. If no migration is pending, this takes one connection and
 * two statements.
 *
 * @throws HoldfastError with a code `migration-…`, `schema-too-new` or `database-unreachable`.
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
      // Each file runs in a new session. Session state that a file leaves behind must not affect
      // later files, because a later start may apply them without it. Settings that a file changed
      // for new sessions must apply to later files.
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
    ...(queryTimeoutMs === undefined ? {} : { queryTimeout: `${queryTimeoutMs}ms` }),
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

/** Applies the next pending migration, or several migrations that may share one session. */
async function applyNext({
  client,
  observer,
  options,
}: Applying): Promise<MigrationReport & { readonly isLast: boolean }> {
  // The journal is read again, because the previous holder of the lock may have applied pending
  // migrations.
  const journal = explainForbidden(client, () => createJournal(client)).then(() =>
    readJournal(client, options.migrations, options.startAfresh),
  )
  const { pending, appliedBefore } = await requireAnswer(
    answerWithin(journal, { timeoutMs: options.answerTimeoutMs ?? 10_000 }),
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

/**
 * Throws `migration-forbidden` if work fails because the role lacks a privilege on the framework's
 * schema.
 */
async function explainForbidden<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const cause = error instanceof HoldfastError ? error.cause : error
    if (!(cause instanceof pg.DatabaseError) || cause.code !== insufficientPrivilege) throw error
    const { rows } = await client.query<{ role: string }>('select current_user as role')
    throw new HoldfastError(
      'migration-forbidden',
      `Migrations of the framework are pending, but the role "${rows[0]?.role}" lacks the permission to apply them: ${cause.message}. Set DATABASE_OWNER_URL, which is only used for migrations, to a URL of a role that owns the schema "holdfast" and can create tables in it, or grant this role the permission.`,
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

/**
 * Returns the error for migrations through a pooler. The migration lock and the lock timeout need a
 * dedicated session.
 */
function pooled(count: number): HoldfastError {
  return new HoldfastError(
    'migration-through-pooler',
    `${count === 1 ? 'A migration is' : `${count} migrations are`} pending, but the database is behind a connection pooler, which does not provide dedicated sessions. Set DATABASE_DIRECT_URL to a URL of Postgres itself: migrations run there, and everything else goes through the pooler.`,
  )
}
