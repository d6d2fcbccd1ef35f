import { isUuid } from '../../kernel/base/uuid.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { deliveryJobName } from './delivery-job.ts'
import {
  WebhookDeliveryErased,
  WebhookDeliveryUnknown,
  WebhookEndpointDisabled,
  WebhookEndpointUnknown,
} from './problems.ts'
import {
  findDeliveryEndpoint,
  findEndpoint,
  type ReplayDeliveryRow,
  type ReplayEndpointRow,
} from './queries/find-replay-endpoint.ts'
import type { EndpointReference } from './queries/endpoints.ts'
import { replayDeliveryRows } from './queries/replay-deliveries.ts'

/** Options of a replay. They select the deliveries to send again. */
export interface ReplayRange {
  /** The endpoint's id. */
  readonly endpoint: string
  /** Only deliveries created at this time or later. */
  readonly since: Date
  /** Only deliveries created before this time. Default: no upper bound. */
  readonly until?: Date | undefined
  /**
   * `'failed'`: only deliveries that failed permanently; `'all'`: also deliveries that succeeded.
   * Default `'failed'`.
   */
  readonly which?: 'failed' | 'all' | undefined
}

const maxReplayed = 10_000

/** Sends one delivery again. `null` means any service or any owner. */
export async function replayDeliveryOf(client: StatementClient, reference: EndpointReference): Promise<void> {
  await checkReplayable(client, reference)
  const { id, service, owner } = reference
  const jobs = await runStatement(
    client,
    replayDeliveryRows(deliveryJobName, {
      service,
      owner,
      delivery: id,
      endpoint: null,
      since: null,
      until: null,
      states: ['pending', 'delivered', 'failed'],
      limit: 1,
    }),
  )
  if (jobs.length > 0) return
  // Since the first check, the delivery was erased, or its endpoint was disabled.
  await checkReplayable(client, reference)
  throw WebhookEndpointDisabled()
}

async function checkReplayable(client: StatementClient, reference: EndpointReference): Promise<void> {
  const [found] = isUuid(reference.id)
    ? await runStatement<ReplayDeliveryRow>(client, findDeliveryEndpoint(reference))
    : []
  if (!found) throw WebhookDeliveryUnknown()
  if (found.is_erased) throw WebhookDeliveryErased()
  if (!found.is_enabled) throw WebhookEndpointDisabled()
}

/**
 * Sends deliveries to an endpoint again, and returns their number. A `service` or an `owner` of
 * `null` matches any.
 */
export async function replayDeliveriesOf(
  client: StatementClient,
  { service, owner, endpoint, since, until, which = 'failed' }: ReplayRange & Omit<EndpointReference, 'id'>,
): Promise<number> {
  const [found] = isUuid(endpoint)
    ? await runStatement<ReplayEndpointRow>(client, findEndpoint({ id: endpoint, service, owner }))
    : []
  if (!found) throw WebhookEndpointUnknown()
  if (!found.is_enabled) throw WebhookEndpointDisabled()
  const jobs = await runStatement(
    client,
    replayDeliveryRows(deliveryJobName, {
      service,
      owner,
      delivery: null,
      endpoint,
      since,
      until: until ?? null,
      states: which === 'all' ? ['delivered', 'failed'] : ['failed'],
      limit: maxReplayed,
    }),
  )
  return jobs.length
}
