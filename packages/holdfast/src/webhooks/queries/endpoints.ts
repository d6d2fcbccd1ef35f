import sql, { raw, type Sql } from 'sql-template-tag'
import type { Statement } from '../../postgres/statement.ts'

/** An endpoint as it is stored. */
export interface EndpointRow {
  readonly id: string
  /** What pages are ordered by: a whole number in decimal. */
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

/** What an endpoint is inserted with. */
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

/** An endpoint of an owner and a service. */
export interface OwnedEndpoint {
  readonly id: string
  readonly service: string
  readonly owner: string
}

/** An endpoint; `null`: of any service, of any owner. */
export interface EndpointReference {
  readonly id: string
  readonly service: string | null
  readonly owner: string | null
}

/** Which of its columns an endpoint gets anew; what is `undefined` stays. */
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

/** Enables an endpoint, as if it had never failed; or disables it for a reason. */
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

/** The endpoints to list; `null`: of any. */
export interface EndpointFilters {
  readonly service: string | null
  readonly owner: string | null
  readonly state: EndpointRow['state'] | null
}

/** Endpoints, in no order. */
export function endpointRows({ service, owner, state }: EndpointFilters): Sql {
  return sql`
    select ${raw(columns)} from holdfast.webhook_endpoints
    where (${service}::text is null or service = ${service})
      and (${owner}::text is null or owner = ${owner})
      and (${state}::text is null or state = ${state})`
}
