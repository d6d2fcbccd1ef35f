import sql, { empty, type Sql } from 'sql-template-tag'

/** Filters and page of the trail; `null` means no filter. */
export interface TrailFilters {
  readonly service: string | null
  readonly caller: string | null
  readonly tenant: string | null
  readonly operation: string | null
  readonly target: string | null
  readonly since: Date | null
  readonly until: Date | null
  /** The last row on the previous page. */
  readonly after: { readonly at: string; readonly id: string } | null
  readonly limit: number
}

/** Reads a page of the trail, newest first. */
export function trailRows({ service, caller, tenant, operation, target, ...page }: TrailFilters): Sql {
  const { since, until, after, limit } = page
  return sql`
    select id, service, at, operation, caller_kind as "callerKind", caller_id as "callerId", tenant, target,
      details, request_id as "requestId", trace_id as "traceId", status, position,
      to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '_' || id as cursor
    from holdfast.trail
    where true
      ${service === null ? empty : sql`and service = ${service}`}
      ${caller === null ? empty : sql`and caller_id = ${caller}`}
      ${tenant === null ? empty : sql`and tenant = ${tenant}`}
      ${operation === null ? empty : sql`and operation = ${operation}`}
      ${target === null ? empty : sql`and target = ${target}`}
      ${since === null ? empty : sql`and at >= ${since}`}
      ${until === null ? empty : sql`and at < ${until}`}
      ${after === null ? empty : sql`and (at, id) < (${after.at}::timestamptz, ${after.id}::uuid)`}
    order by trail.at desc, id desc
    limit ${limit}`
}
