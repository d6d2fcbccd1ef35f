import sql, { raw, type Sql } from 'sql-template-tag'
import type { Statement } from '../../postgres/statement.ts'

/** An endpoint as it is stored. */
export interface EndpointRow {
  readonly id: string
  /** What pages are ordered by: a whole number in decimal. */
  readonly seq: string
  readonly owner: string
  readonly url: string
  readonly events: string[] | null
  readonly description: string
  readonly state: 'enabled' | 'disabled'
  readonly reason: string | null
  readonly failing_since: Date | null
  readonly created_at: Date
}

const columns = 'id, seq, owner, url, events, description, state, reason, failing_since, created_at'

/** What an endpoint is inserted with. */
export interface InsertedEndpoint extends Pick<EndpointRow, 'id' | 'owner' | 'url' | 'description'> {
  readonly events: readonly string[] | null
  readonly secret: string
}

/** Inserts an endpoint with its first secret. */
export function insertEndpoint({ id, owner, url, events, description, secret }: InsertedEndpoint): Statement {
  return {
    text: `
      with secret as (
        insert into holdfast.webhook_secrets (endpoint_id, secret) values ($1, $6)
      )
      insert into holdfast.webhook_endpoints (id, owner, url, events, description)
      values ($1, $2, $3, $4, $5)
      returning ${columns}`,
    values: [id, owner, url, events, description, secret],
  }
}

/** Which of its columns an endpoint gets anew; what is `undefined` stays. */
export interface EndpointChanges {
  readonly url: string | undefined
  readonly events: readonly string[] | null | undefined
  readonly description: string | undefined
}

/** Changes an endpoint; `owner` is `null` where it may be anybody's. */
export function updateEndpointRow(id: string, owner: string | null, changes: EndpointChanges): Statement {
  return {
    text: `
      update holdfast.webhook_endpoints set
        url = coalesce($3, url),
        events = case when $4 then $5::text[] else events end,
        description = coalesce($6, description)
      where id = $1 and ($2::text is null or owner = $2)
      returning ${columns}`,
    values: [
      id,
      owner,
      changes.url ?? null,
      changes.events !== undefined,
      changes.events ?? null,
      changes.description ?? null,
    ],
  }
}

/** Enables an endpoint, as if it had never failed; or disables it for a reason. */
export function setEndpointState(id: string, owner: string | null, reason: string | null): Statement {
  return {
    text: `
      update holdfast.webhook_endpoints set
        state = case when $3::text is null then 'enabled' else 'disabled' end,
        reason = $3,
        failing_since = case when $3 is null then null else failing_since end
      where id = $1 and ($2::text is null or owner = $2)
      returning ${columns}`,
    values: [id, owner, reason],
  }
}

/** Deletes an endpoint with its secrets and its deliveries. */
export function deleteEndpoint(id: string, owner: string): Statement {
  return {
    text: 'delete from holdfast.webhook_endpoints where id = $1 and owner = $2 returning id',
    values: [id, owner],
  }
}

/** Which endpoints are listed; what is `null` does not count. */
export interface EndpointFilters {
  readonly owner: string | null
  readonly state: EndpointRow['state'] | null
}

/** Endpoints, in no order. */
export function endpointRows({ owner, state }: EndpointFilters): Sql {
  return sql`
    select ${raw(columns)} from holdfast.webhook_endpoints
    where (${owner}::text is null or owner = ${owner}) and (${state}::text is null or state = ${state})`
}
