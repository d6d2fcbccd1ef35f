import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { OwnedEndpoint } from './endpoints.ts'

/**
 * Adds a new secret to an endpoint. Earlier secrets stay valid until they expire, or until the
 * overlap ends if that is earlier.
 */
export function rotateSecretRow(
  { id, service, owner, secret }: OwnedEndpoint & { readonly secret: string },
  overlapMs: number,
): Statement {
  return {
    text: `
      with endpoint as (
        select id from holdfast.webhook_endpoints where id = $1 and owner = $2 and service = $5 for update
      ), expired as (
        delete from holdfast.webhook_secrets
        where endpoint_id in (select id from endpoint) and valid_until <= now()
      ), expiring as (
        update holdfast.webhook_secrets
        set valid_until = least(valid_until, now() + make_interval(secs => $4::double precision / 1000))
        where endpoint_id in (select id from endpoint) and (valid_until is null or valid_until > now())
      )
      insert into holdfast.webhook_secrets (endpoint_id, secret)
      select id, $3 from endpoint
      returning endpoint_id`,
    values: [id, owner, secret, overlapMs, service],
  }
}
