import type { Statement } from '../../postgres/statement.ts'

/** Whether something can be sent to an endpoint. */
export interface ReplayEndpointRow {
  readonly is_enabled: boolean
}

/** Finds the endpoint of a delivery; no row where there is none, or it is not the owner's. `owner` is `null` where it may be anybody's. */
export function findDeliveryEndpoint(delivery: string, owner: string | null): Statement {
  return {
    text: `
      select endpoint.state = 'enabled' as is_enabled
      from holdfast.webhook_deliveries as delivery
      join holdfast.webhook_endpoints as endpoint on endpoint.id = delivery.endpoint_id
      where delivery.id = $1 and ($2::text is null or endpoint.owner = $2)`,
    values: [delivery, owner],
  }
}

/** Finds an endpoint; no row where there is none, or it is not the owner's. `owner` is `null` where it may be anybody's. */
export function findEndpoint(id: string, owner: string | null): Statement {
  return {
    text: `
      select state = 'enabled' as is_enabled from holdfast.webhook_endpoints
      where id = $1 and ($2::text is null or owner = $2)`,
    values: [id, owner],
  }
}
