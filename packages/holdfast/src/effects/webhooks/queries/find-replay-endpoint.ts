import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { isKept } from './erased-message.ts'
import type { EndpointReference } from './endpoints.ts'

/** The state of an endpoint. */
export interface ReplayEndpointRow {
  readonly is_enabled: boolean
}

/** The state of a delivery's endpoint. */
export interface ReplayDeliveryRow extends ReplayEndpointRow {
  /** True if the delivery's message was erased. */
  readonly is_erased: boolean
}

/**
 * Finds a delivery's endpoint. Returns no row if the endpoint does not exist or belongs to a
 * different service or owner.
 */
export function findDeliveryEndpoint({ id, service, owner }: EndpointReference): Statement {
  return {
    text: `
      select endpoint.state = 'enabled' as is_enabled, not (${isKept('message')}) as is_erased
      from holdfast.webhook_deliveries as delivery
      join holdfast.webhook_messages as message on message.id = delivery.message_id
      join holdfast.webhook_endpoints as endpoint on endpoint.id = delivery.endpoint_id
      where delivery.id = $1
        and ($2::text is null or endpoint.service = $2)
        and ($3::text is null or endpoint.owner = $3)`,
    values: [id, service, owner],
  }
}

/**
 * Finds an endpoint. Returns no row if it does not exist or belongs to a different service or
 * owner.
 */
export function findEndpoint({ id, service, owner }: EndpointReference): Statement {
  return {
    text: `
      select state = 'enabled' as is_enabled from holdfast.webhook_endpoints
      where id = $1 and ($2::text is null or service = $2) and ($3::text is null or owner = $3)`,
    values: [id, service, owner],
  }
}
