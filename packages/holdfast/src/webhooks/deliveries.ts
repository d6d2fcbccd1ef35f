import type { Statements, Transaction } from '../kernel/effects.ts'
import type { PageSource } from '../kernel/page.ts'
import { descending } from '../kernel/page-order.ts'
import { isUuid } from '../kernel/is-uuid.ts'
import type { Owned } from './endpoints.ts'
import { listOf } from './list-of.ts'
import { type DeliveryListRow, deliveryRows } from './queries/list-deliveries.ts'
import { replayDeliveriesOf, type ReplayRange, replayDeliveryOf } from './replay.ts'
import { toDelivery, type WebhookDelivery } from './webhook-delivery.ts'

/** Which deliveries of an owner are listed. */
export interface DeliveryList {
  readonly owner: string
  /** The id of the endpoint. Default: all of the owner's. */
  readonly endpoint?: string | undefined
  /** Default: all. */
  readonly state?: WebhookDelivery['state'] | undefined
}

/** The deliveries to the endpoints of owners, for the handlers of their operations. */
export interface Deliveries {
  /** The deliveries of an owner, the last ones first, for `page`. */
  listDeliveries(statements: Statements, list: DeliveryList): PageSource<WebhookDelivery>
  /** Has a delivery sent once more, whatever became of it. Throws `WebhookDeliveryUnknown` and `WebhookEndpointDisabled`. */
  replayDelivery(transaction: Transaction, delivery: Owned): Promise<void>
  /**
   * Has the deliveries to an endpoint sent once more that were made since a time. Gives how many they are: at most 10,000, the oldest first. Throws
   * `WebhookEndpointUnknown` and `WebhookEndpointDisabled`.
   */
  replayDeliveries(transaction: Transaction, range: ReplayRange & { readonly owner: string }): Promise<number>
}

const nobody = '00000000-0000-0000-0000-000000000000'

/** The functions for the deliveries of owners. */
export const deliveries: Deliveries = {
  listDeliveries: (statements, { owner, endpoint = null, state = null }) =>
    listOf<DeliveryListRow, WebhookDelivery>(statements, {
      // What can be the id of none is asked for as one that there is not.
      rows: deliveryRows({
        service: statements.service,
        owner,
        endpoint: endpoint === null || isUuid(endpoint) ? endpoint : nobody,
        state,
      }),
      order: [descending('seq')],
      toItem: toDelivery,
    }),
  replayDelivery: (transaction, { owner, id }) =>
    replayDeliveryOf(transaction, { service: transaction.service, owner, id }),
  replayDeliveries: (transaction, range) =>
    replayDeliveriesOf(transaction, { ...range, service: transaction.service }),
}
