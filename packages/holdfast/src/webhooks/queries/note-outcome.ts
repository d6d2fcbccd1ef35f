import type { Statement } from '../../postgres/statement.ts'

/** Notes that an endpoint takes what it is sent. Most of the time that is known, and nothing is written. */
export function noteSuccess(endpoint: string): Statement {
  return {
    text: `
      update holdfast.webhook_endpoints set failing_since = null
      where id = $1 and failing_since is not null`,
    values: [endpoint],
  }
}

/** An endpoint that has just been disabled. */
export interface DisabledRow {
  readonly owner: string
  readonly url: string
  readonly reason: string
}

/** Notes that an endpoint does not take what it is sent, and disables it where it has not for too long. Gives it where it does. */
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

/** Disables an endpoint that has said that it wants no more. Gives it where it was enabled. */
export function noteGone(endpoint: string): Statement {
  return {
    text: `
      update holdfast.webhook_endpoints
      set state = 'disabled', reason = 'It answered 410 Gone.', failing_since = coalesce(failing_since, now())
      where id = $1 and state = 'enabled'
      returning owner, url, reason`,
    values: [endpoint],
  }
}
