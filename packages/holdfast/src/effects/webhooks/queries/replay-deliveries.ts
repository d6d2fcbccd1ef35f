import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { wakeChannel } from '../../wakes/notify.ts'
import { isKept } from './erased-message.ts'

/** Filters of the deliveries to replay; `null` means no filter. */
export interface ReplayFilters {
  readonly service: string | null
  readonly owner: string | null
  readonly delivery: string | null
  readonly endpoint: string | null
  readonly since: Date | null
  readonly until: Date | null
  readonly states: readonly string[]
  readonly limit: number
}

/**
 * Replays deliveries to enabled endpoints, oldest first, with the same ids. Skips deliveries whose
 * message was erased. A single statement marks the deliveries as pending, inserts their jobs and
 * notifies the leaders, so the replay is atomic even outside a transaction.
 */
export function replayDeliveryRows(job: string, filters: ReplayFilters): Statement {
  const { service, owner, delivery, endpoint, since, until, states, limit } = filters
  return {
    text: `
      with chosen as materialized (
        select delivery.id, delivery.seq, endpoint.service, endpoint.owner
        from holdfast.webhook_deliveries as delivery
        join holdfast.webhook_endpoints as endpoint on endpoint.id = delivery.endpoint_id
        join holdfast.webhook_messages as message on message.id = delivery.message_id
        where endpoint.state = 'enabled' and ${isKept('message')}
          and ($9::text is null or endpoint.service = $9)
          and ($2::text is null or endpoint.owner = $2)
          and ($3::uuid is null or delivery.id = $3)
          and ($4::uuid is null or endpoint.id = $4)
          and ($5::timestamptz is null or delivery.created_at >= $5)
          and ($6::timestamptz is null or delivery.created_at < $6)
          and delivery.state = any($7::text[])
        order by delivery.seq
        limit $8
        -- Locks the message, so that a replay waits for a running erasure and skips the erased deliveries.
        for update of delivery for share of message
      ), replayed as (
        update holdfast.webhook_deliveries as delivery set state = 'pending', ended_at = null
        from chosen where delivery.id = chosen.id
        returning delivery.id, delivery.endpoint_id, delivery.message_id, chosen.seq, chosen.service, chosen.owner,
          gen_random_uuid() as job_id
      ), subjects as (
        insert into holdfast.subjects (subject, service, kind, id)
        select subjects.subject, replayed.service, 'job', job_id
        from replayed join holdfast.subjects on subjects.id = message_id and subjects.kind = 'webhook'
      ), inserted as (
        insert into holdfast.jobs (service, id, name, input, state, limit_key, share_key)
        select service, job_id, $1,
          json_build_object('delivery', id, 'endpoint', endpoint_id, 'owner', owner),
          'limited', endpoint_id::text, owner
        from replayed order by seq
        returning id, service
      ), notified as materialized (
        select pg_notify('${wakeChannel}', json_build_array('limited', service, json_build_array($1::text))::text)
        from (select distinct service from inserted) as services
      )
      select id, (select count(*) from notified) as services from inserted`,
    values: [job, owner, delivery, endpoint, since, until, states, limit, service],
  }
}
