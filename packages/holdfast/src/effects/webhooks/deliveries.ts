import type { Statements, Transaction } from '../../kernel/background/effects.ts'
import type { PageSource } from '../../kernel/pages/page.ts'
import { descending } from '../../kernel/pages/page-order.ts'
import { isUuid } from '../../kernel/base/uuid.ts'
import type { WithOwner } from './endpoints.ts'
import { listOf } from '../../storage/pages/list-of.ts'
import { type DeliveryListRow, deliveryRows } from './queries/list-deliveries.ts'
import { replayDeliveriesOf, type ReplayRange, replayDeliveryOf } from './replay.ts'
import { toDelivery, type WebhookDelivery } from './webhook-delivery.ts'

/** Filters of the deliveries of an owner. */
export interface DeliveryList {
  readonly owner: string
  /** The endpoint's id. Default: all endpoints of the owner. */
  readonly endpoint?: string | undefined
  /** Default: all states. */
  readonly state?: WebhookDelivery['state'] | undefined
}

/** Functions for the deliveries to an owner's endpoints, to be called in handlers. */
export interface Deliveries {
  /** Lists the deliveries of an owner, newest first, as a source for `page`. */
  listDeliveries(statements: Statements, list: DeliveryList): PageSource<WebhookDelivery>
  /**
   * Sends a delivery again, regardless of its state. Throws `WebhookDeliveryUnknown` or
   * `WebhookEndpointDisabled`.
   */
  replayDelivery(transaction: Transaction, delivery: WithOwner): Promise<void>
  /**
   * Sends an endpoint's deliveries of a time range again, oldest first. Only failed deliveries are
   * sent, unless `which` is `'all'`. Returns the number of deliveries, at most 10,000. Throws
   * `WebhookEndpointUnknown` or `WebhookEndpointDisabled`.
   */
  replayDeliveries(transaction: Transaction, range: ReplayRange & { readonly owner: string }): Promise<number>
}

const anonymous = '00000000-0000-0000-0000-000000000000'

/** The functions for deliveries. */
export const deliveries: Deliveries = {
  listDeliveries: (statements, { owner, endpoint = null, state = null }) =>
    listOf<DeliveryListRow, WebhookDelivery>(statements, {
      // An id that is not a UUID matches no endpoint, so the query uses the nil UUID instead.
      rows: deliveryRows({
        service: statements.service,
        owner,
        endpoint: endpoint === null || isUuid(endpoint) ? endpoint : anonymous,
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
