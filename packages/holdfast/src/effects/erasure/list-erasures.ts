import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { checkLimit, defaultListed } from '../../storage/postgres/statement/list-limit.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { subjectIdOf } from '../subjects/subject-id.ts'
import type { ErasedCounts } from '../subjects/subject-source.ts'
import { listErasureRows } from './queries/erasures.ts'

/** Filters and page size of {@link listErasures}. */
export interface ListErasuresOptions {
  /** Only erasures in this service. Default: all services on the database. */
  readonly service?: string
  /** Only erasures of this subject. Default: all subjects. */
  readonly subject?: string
  /** Max number of erasures, 1 to 1,000. Default 50. */
  readonly limit?: number
}

/** The record of an erasure. It contains no personal data. */
export interface StoredErasure {
  readonly id: string
  readonly service: string
  /** A hash of the subject: 128 bits of its SHA-256, as a UUID. */
  readonly subject: string
  /** The database role that ran the erasure. */
  readonly role: string
  /** The reference passed to the erasure; `null` if no reference was passed. */
  readonly reference: string | null
  readonly beganAt: Date
  /** `null` while the erasure runs, or if it was interrupted. */
  readonly endedAt: Date | null
  /** Number of erased rows, by kind. */
  readonly erased: ErasedCounts
  /** Number of rows that were kept; `null` until the erasure ends. */
  readonly held: number | null
}

/**
 * Lists the records of erasures, newest first.
 *
 * @throws HoldfastError `erasure-list-invalid` if the limit is invalid.
 *
 * @example
 * ```ts
 * const [last] = await listErasures(pool, { service: 'shop', limit: 1 })
 * ```
 */
export async function listErasures(
  client: StatementClient,
  options: ListErasuresOptions = {},
): Promise<readonly StoredErasure[]> {
  const { service = null, subject, limit = defaultListed } = options
  checkLimit(limit, listInvalid)
  const subjectId = subject === undefined ? null : subjectIdOf(subject)
  return runStatement<StoredErasure>(client, listErasureRows({ service, subject: subjectId, limit }))
}

function listInvalid(what: string, wanted: string): HoldfastError {
  return new HoldfastError(
    'erasure-list-invalid',
    `Erasures were requested with ${what}; it must be ${wanted}.`,
  )
}
