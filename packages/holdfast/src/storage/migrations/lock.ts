import type pg from 'pg'
import { betweenMs } from '../../kernel/base/backoff.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { pause } from '../../kernel/base/wait.ts'
import { requireAnswer } from '../postgres/session/connect-client.ts'
import { answerWithin } from '../postgres/session/answer-within.ts'
import { describeSession, sessionColumns, type SessionRow } from './describe-session.ts'
import type { MigrationEvent } from './event.ts'

// The key of the advisory lock: "hold" and "migr" in ASCII.
const lockClass = 0x68_6f_6c_64
const lockId = 0x6d_69_67_72

/** Timeout of the statement that tries to take the lock, in milliseconds. */
const timeoutMs = 10_000
const minPauseMs = 20
const maxPauseMs = 200

/** Options of {@link whileLocked}. */
export interface LockOptions {
  /** Max wait for the lock, in milliseconds. */
  readonly waitMs: number
  readonly notify: (event: MigrationEvent) => void
  readonly signal: AbortSignal | undefined
}

/**
 * Runs work under the migration lock, which only one process can hold at a time. The lock belongs
 * to the session, so it is released when the session ends for any reason.
 *
 * The lock is polled, because a statement that waits for it would hold a snapshot. A CREATE INDEX
 * CONCURRENTLY by the lock's holder would wait for that snapshot: a deadlock.
 *
 * @throws HoldfastError `migration-lock-timeout` with the holder.
 */
export async function whileLocked<T>(
  client: pg.ClientBase,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  await takeLock(client, options)
  try {
    return await work()
  } finally {
    // The statement fails only if the connection is lost, which releases the lock as well.
    await client
      .query({ text: 'select pg_advisory_unlock($1, $2)', values: [lockClass, lockId] })
      .catch(() => {})
  }
}

async function takeLock(client: pg.ClientBase, { waitMs, notify, signal }: LockOptions): Promise<void> {
  const endMs = performance.now() + waitMs
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted()
    const asked = client.query<{ taken: boolean }>({
      text: 'select pg_try_advisory_lock($1, $2) as taken',
      values: [lockClass, lockId],
    })
    const { rows } = await requireAnswer(answerWithin(asked, { timeoutMs }))
    if (rows[0]?.taken === true) return
    if (attempt === 1) notify({ kind: 'waiting', holder: await describeHolder(client) })
    if (performance.now() >= endMs) {
      throw new HoldfastError(
        'migration-lock-timeout',
        `Another process has been migrating the database for more than ${waitMs} ms: ${await describeHolder(client)}. Wait until it has finished, or end it: select pg_terminate_backend(pid).`,
      )
    }
    await pause(betweenMs(minPauseMs, maxPauseMs))
  }
}

async function describeHolder(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<SessionRow>({
    text: `
      select ${sessionColumns}
      from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.granted and l.classid = $1::bigint::oid and l.objid = $2::bigint::oid
        and l.database = (select oid from pg_database where datname = current_database())`,
    values: [lockClass, lockId],
  })
  return rows[0] ? describeSession(rows[0]) : 'it has just ended'
}
