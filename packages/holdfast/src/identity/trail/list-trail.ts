import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { checkLimit, defaultListed } from '../../storage/postgres/statement/list-limit.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { type TrailFilters, trailRows } from './queries/list-trail.ts'

/** Filters and page of {@link listTrail}. */
export interface ListTrailOptions {
  /** Name of the service. Default: all services on the database. */
  readonly service?: string
  /** Only calls of callers with this id. Default: all callers. */
  readonly caller?: string
  /** Only calls in this tenant. Default: all tenants. */
  readonly tenant?: string
  /** Only calls of this operation. Default: all operations. */
  readonly operation?: string
  /** Only calls with this target. Default: all targets. */
  readonly target?: string
  /** Only calls at this time or later. Default: from the beginning. */
  readonly since?: Date
  /** Only calls before this time. Default: up to now. */
  readonly until?: Date
  /** The cursor of the last entry on the previous page. Default: the first page. */
  readonly after?: string
  /** Max number of entries, 1 to 1,000. Default 50. */
  readonly limit?: number
}

/** An entry of the trail: who did what to which. */
export interface ListedTrailEntry {
  readonly id: string
  readonly service: string
  readonly at: Date
  readonly operation: string
  readonly callerKind: string
  /** `null` for a caller without an id. */
  readonly callerId: string | null
  readonly tenant: string | null
  readonly target: string | null
  /** JSON text. */
  readonly details: string | null
  readonly requestId: string
  readonly traceId: string | null
  /** The status of the answer. */
  readonly status: number
  /** Its position in the chain; `null` until it is chained. */
  readonly position: string | null
  /** Pass it as `after` to get the next page. */
  readonly cursor: string
}

/**
 * Lists entries of the trail, newest first.
 *
 * @throws HoldfastError `trail-list-invalid`.
 *
 * @example
 * ```ts
 * const entries = await listTrail(pool, { target: 'order:42' })
 * ```
 */
export async function listTrail(
  client: StatementClient,
  options: ListTrailOptions = {},
): Promise<readonly ListedTrailEntry[]> {
  const { service = null, caller = null, tenant = null, operation = null, target = null } = options
  const { since = null, until = null, limit = defaultListed } = options
  checkLimit(limit, listInvalid)
  const after = readCursor(options.after)
  return runStatement<ListedTrailEntry>(
    client,
    trailRows({ service, caller, tenant, operation, target, since, until, after, limit }),
  )
}

const cursorForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)_([0-9a-f-]{36})$/

function readCursor(after: string | undefined): TrailFilters['after'] {
  if (after === undefined) return null
  const parts = cursorForm.exec(after)
  if (!parts) throw listInvalid(`the cursor ${JSON.stringify(after)}`, 'the cursor of an entry')
  return { at: parts[1]!, id: parts[2]! }
}

function listInvalid(what: string, wanted: string): HoldfastError {
  return new HoldfastError(
    'trail-list-invalid',
    `The trail was requested with ${what}; it must be ${wanted}.`,
  )
}
