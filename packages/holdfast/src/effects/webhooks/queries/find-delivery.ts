import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { isKept } from './erased-message.ts'

/** The data for one attempt of a delivery. */
export interface DeliveryRow {
  readonly message_id: string
  readonly body: string
  readonly url: string
  readonly is_enabled: boolean
  /** The valid secrets, newest first. */
  readonly secrets: readonly string[]
}

/**
 * Finds a delivery with the current URL and secrets of its endpoint. Returns no row if the delivery
 * or the endpoint has been removed, or if the message was erased.
 */
export function findDelivery(id: string): Statement {
  return {
    text: `
      select message.id as message_id, message.body, endpoint.url, endpoint.state = 'enabled' as is_enabled,
        array(
          select secret from holdfast.webhook_secrets as secret
          where secret.endpoint_id = endpoint.id and (valid_until is null or valid_until > now())
          order by secret.created_at desc
        ) as secrets
      from holdfast.webhook_deliveries as delivery
      join holdfast.webhook_messages as message on message.id = delivery.message_id
      join holdfast.webhook_endpoints as endpoint on endpoint.id = delivery.endpoint_id
      where delivery.id = $1 and ${isKept('message')}`,
    values: [id],
  }
}
