import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** Records a successful delivery to an endpoint. Writes a row only if the endpoint was failing. */
export function noteSuccess(endpoint: string): Statement {
  return {
    text: `
      update holdfast.webhook_endpoints set failing_since = null
      where id = $1 and failing_since is not null`,
    values: [endpoint],
  }
}

/** A newly disabled endpoint. */
export interface DisabledRow {
  readonly owner: string
  readonly url: string
  readonly reason: string
}

/**
 * Records a failed delivery to an endpoint, and disables the endpoint if it has failed for too
 * long. Returns the endpoint if it was disabled.
 */
export function noteFailure(endpoint: string, disableAfterMs: number): Statement {
  return {
    text: `
      with failing as (
        update holdfast.webhook_endpoints set failing_since = now()
        where id = $1 and failing_since is null
      )
      update holdfast.webhook_endpoints set
        state = 'disabled',
        reason = 'No delivery has succeeded since ' || to_char(failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC.'
      where id = $1 and state = 'enabled'
        and failing_since <= now() - make_interval(secs => $2::double precision / 1000)
      returning owner, url, reason`,
    values: [endpoint, disableAfterMs],
  }
}

/** Disables an endpoint that returned 410 Gone. Returns the endpoint if it was enabled. */
export function noteEndpointGone(endpoint: string): Statement {
  return {
    text: `
      update holdfast.webhook_endpoints
      set state = 'disabled', reason = 'It answered 410 Gone.', failing_since = coalesce(failing_since, now())
      where id = $1 and state = 'enabled'
      returning owner, url, reason`,
    values: [endpoint],
  }
}
