import sql, { empty, raw, type Sql } from 'sql-template-tag'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The stored row of an endpoint. */
export interface EndpointRow {
  readonly id: string
  /** The sort key of pages, as a decimal integer. */
  readonly seq: string
  readonly service: string
  readonly owner: string
  readonly url: string
  readonly events: string[] | null
  readonly description: string
  readonly state: 'enabled' | 'disabled'
  readonly reason: string | null
  readonly failing_since: Date | null
  readonly created_at: Date
}

const columns = 'id, seq, service, owner, url, events, description, state, reason, failing_since, created_at'

/** Parameters of {@link insertEndpoint}. */
export interface InsertedEndpoint extends Pick<
  EndpointRow,
  'id' | 'service' | 'owner' | 'url' | 'description'
> {
  readonly events: readonly string[] | null
  readonly secret: string
}

/** Inserts an endpoint with its first secret. */
export function insertEndpoint({
  id,
  service,
  owner,
  url,
  events,
  description,
  secret,
}: InsertedEndpoint): Statement {
  return {
    text: `
      with secret as (
        insert into holdfast.webhook_secrets (endpoint_id, secret) values ($1, $7)
      )
      insert into holdfast.webhook_endpoints (id, service, owner, url, events, description)
      values ($1, $2, $3, $4, $5, $6)
      returning ${columns}`,
    values: [id, service, owner, url, events, description, secret],
  }
}

/** Identifies an endpoint of an owner and a service. */
export interface OwnedEndpoint {
  readonly id: string
  readonly service: string
  readonly owner: string
}

/** Identifies an endpoint. `null` means any service or any owner. */
export interface EndpointReference {
  readonly id: string
  readonly service: string | null
  readonly owner: string | null
}

/** The new values of an endpoint's columns; `undefined` leaves a column unchanged. */
export interface EndpointChanges {
  readonly url: string | undefined
  readonly events: readonly string[] | null | undefined
  readonly description: string | undefined
}

/** Changes an endpoint of an owner. */
export function updateEndpointRow(
  { id, service, owner }: OwnedEndpoint,
  changes: EndpointChanges,
): Statement {
  return {
    text: `
      update holdfast.webhook_endpoints set
        url = coalesce($4, url),
        events = case when $5 then $6::text[] else events end,
        description = coalesce($7, description)
      where id = $1 and service = $2 and owner = $3
      returning ${columns}`,
    values: [
      id,
      service,
      owner,
      changes.url ?? null,
      changes.events !== undefined,
      changes.events ?? null,
      changes.description ?? null,
    ],
  }
}

/** Enables an endpoint and resets its failures if `reason` is `null`; otherwise disables it. */
export function setEndpointState(
  { id, service, owner }: EndpointReference,
  reason: string | null,
): Statement {
  return {
    text: `
      update holdfast.webhook_endpoints set
        state = case when $4::text is null then 'enabled' else 'disabled' end,
        reason = $4,
        failing_since = case when $4 is null then null else failing_since end
      where id = $1 and ($2::text is null or service = $2) and ($3::text is null or owner = $3)
      returning ${columns}`,
    values: [id, service, owner, reason],
  }
}

/** Deletes an endpoint with its secrets and its deliveries. */
export function deleteEndpoint({ id, service, owner }: OwnedEndpoint): Statement {
  return {
    text: `
      delete from holdfast.webhook_endpoints where id = $1 and service = $2 and owner = $3
      returning id`,
    values: [id, service, owner],
  }
}

/** Filters of endpoints; `null` means no filter. */
export interface EndpointFilters {
  readonly service: string | null
  readonly owner: string | null
  readonly state: EndpointRow['state'] | null
}

/** Returns a query that selects endpoints, without ORDER BY. */
export function endpointRows({ service, owner, state }: EndpointFilters): Sql {
  return sql`
    select ${raw(columns)} from holdfast.webhook_endpoints
    where true
      ${service === null ? empty : sql`and service = ${service}`}
      ${owner === null ? empty : sql`and owner = ${owner}`}
      ${state === null ? empty : sql`and state = ${state}`}`
}
