import sql from 'sql-template-tag'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { isUuid } from '../../kernel/base/uuid.ts'
import { checkLimit, defaultListed } from '../../storage/postgres/statement/list-limit.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { changeEndpoint } from './change-endpoint.ts'
import { type EndpointRow, endpointRows, setEndpointState } from './queries/endpoints.ts'
import { type DeliveryListRow, deliveryRows } from './queries/list-deliveries.ts'
import { replayDeliveriesOf, type ReplayRange, replayDeliveryOf } from './replay.ts'
import { toDelivery, type WebhookDelivery } from './webhook-delivery.ts'
import { toEndpoint, type WebhookEndpoint } from './webhook-endpoint.ts'

/** A listed item with its position, for pagination. */
export type Page<Item> = Item & {
  /** Position of the item, as a decimal integer. Pass it as `after` to get the next page. */
  readonly position: string
  /** Name of the service that sends the webhooks. */
  readonly service: string
}

/** Filters and page of {@link listWebhookEndpoints}. */
export interface ListWebhookEndpointsOptions {
  /** Name of the service. Default: all services on the database. */
  readonly service?: string
  /** Only endpoints of this owner. Default: all owners. */
  readonly owner?: string
  /** Only endpoints in this state. Default: all states. */
  readonly state?: WebhookEndpoint['state']
  /** Position of the last item on the previous page. Default: the first page. */
  readonly after?: string
  /** Max number of items, 1 to 1,000. Default 50. */
  readonly limit?: number
}

/** Filters and page of {@link listWebhookDeliveries}. */
export interface ListWebhookDeliveriesOptions {
  /** Name of the service. Default: all services on the database. */
  readonly service?: string
  /** Only deliveries of this owner. Default: all owners. */
  readonly owner?: string
  /** Only deliveries to the endpoint with this id. Default: all endpoints. */
  readonly endpoint?: string
  /** Only deliveries in this state. Default: all states. */
  readonly state?: WebhookDelivery['state']
  /** Position of the last item on the previous page. Default: the first page. */
  readonly after?: string
  /** Max number of items, 1 to 1,000. Default 50. */
  readonly limit?: number
}

/**
 * Lists endpoints of all owners, oldest first, without their secrets.
 *
 * @throws HoldfastError `webhook-list-invalid`.
 *
 * @example
 * ```ts
 * const endpoints = await listWebhookEndpoints(pool, { owner: 'customer-42', limit: 10 })
 * ```
 */
export async function listWebhookEndpoints(
  client: StatementClient,
  options: ListWebhookEndpointsOptions = {},
): Promise<readonly Page<WebhookEndpoint>[]> {
  const { service = null, owner = null, state = null, after = null, limit = defaultListed } = options
  checkPage(after, limit)
  const rows = await runStatement<EndpointRow>(
    client,
    sql`
      ${endpointRows({ service, owner, state })}
        and (${after}::bigint is null or seq > ${after})
      order by seq
      limit ${limit}`,
  )
  return rows.map((row) => ({ ...toEndpoint(row), position: row.seq, service: row.service }))
}

/**
 * Lists deliveries of all owners with their attempts, newest first.
 *
 * @throws HoldfastError `webhook-list-invalid`.
 *
 * @example
 * ```ts
 * const failed = await listWebhookDeliveries(pool, { owner: 'customer-42', state: 'failed' })
 * ```
 */
export async function listWebhookDeliveries(
  client: StatementClient,
  options: ListWebhookDeliveriesOptions = {},
): Promise<readonly Page<WebhookDelivery>[]> {
  const {
    service = null,
    owner = null,
    endpoint = null,
    state = null,
    after = null,
    limit = defaultListed,
  } = options
  checkPage(after, limit)
  if (endpoint !== null && !isUuid(endpoint))
    throw listInvalid(`the endpoint ${JSON.stringify(endpoint)}`, 'a UUID')
  const rows = await runStatement<DeliveryListRow>(
    client,
    sql`
      ${deliveryRows({ service, owner, endpoint, state })}
        and (${after}::bigint is null or delivery.seq < ${after})
      order by delivery.seq desc
      limit ${limit}`,
  )
  return rows.map((row) => ({ ...toDelivery(row), position: row.seq, service: row.service }))
}

/**
 * Disables an endpoint of any owner. The owner sees the reason. Throws the problem
 * `WebhookEndpointUnknown`.
 *
 * @example
 * ```ts no-run
 * await disableWebhookEndpoint(pool, '01a208e1-2746-7959-bbdc-c3ab23764504', 'Asked by its owner')
 * ```
 */
export async function disableWebhookEndpoint(
  client: StatementClient,
  id: string,
  reason: string,
): Promise<WebhookEndpoint> {
  return toEndpoint(
    await changeEndpoint(client, id, setEndpointState({ id, service: null, owner: null }, reason)),
  )
}

/**
 * Enables an endpoint of any owner. Throws the problem `WebhookEndpointUnknown`.
 *
 * @example
 * ```ts no-run
 * const { state } = await enableWebhookEndpoint(pool, '01a208e1-2746-7959-bbdc-c3ab23764504')
 * ```
 */
export async function enableWebhookEndpoint(client: StatementClient, id: string): Promise<WebhookEndpoint> {
  return toEndpoint(
    await changeEndpoint(client, id, setEndpointState({ id, service: null, owner: null }, null)),
  )
}

/**
 * Sends a delivery again, regardless of its state, with the same `webhook-id`. Throws the problem
 * `WebhookDeliveryUnknown` or `WebhookEndpointDisabled`.
 *
 * @example
 * ```ts no-run
 * await replayWebhookDelivery(pool, '01a208e1-2746-7959-bbdc-c3ab23764504')
 * ```
 */
export async function replayWebhookDelivery(client: StatementClient, id: string): Promise<void> {
  await replayDeliveryOf(client, { service: null, owner: null, id })
}

/**
 * Sends an endpoint's deliveries of a time range again, oldest first. Only failed deliveries are
 * sent, unless `which` is `'all'`. Returns the number of deliveries, at most 10,000. Throws the
 * problem `WebhookEndpointUnknown` or `WebhookEndpointDisabled`.
 *
 * @example
 * ```ts no-run
 * const count = await replayWebhookDeliveries(pool, {
 *   endpoint: '01a208e1-2746-7959-bbdc-c3ab23764504',
 *   since: new Date('2026-01-01'),
 * })
 * ```
 */
export async function replayWebhookDeliveries(client: StatementClient, range: ReplayRange): Promise<number> {
  return replayDeliveriesOf(client, { ...range, service: null, owner: null })
}

function checkPage(after: string | null, limit: number): void {
  checkLimit(limit, listInvalid)
  if (after !== null && !/^\d{1,18}$/.test(after))
    throw listInvalid(
      `the position ${JSON.stringify(after)}`,
      'the position of the last entry of the previous page',
    )
}

function listInvalid(what: string, wanted: string): HoldfastError {
  return new HoldfastError(
    'webhook-list-invalid',
    `Webhooks were requested with ${what}; it must be ${wanted}.`,
  )
}
