import type { Capability } from '../../kernel/background/background.ts'
import { callSite } from '../../kernel/base/call-site.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import type { EventType, Message } from '../../kernel/background/event.ts'
import { deliveries, type Deliveries } from './deliveries.ts'
import { deliveryJob } from './delivery-job.ts'
import { createEndpoints, type Endpoints } from './endpoints.ts'
import { messageSubscriber } from './message-subscriber.ts'

/** The type of an event's published payload, after it was parsed from JSON. */
type GivenOf<Sent> = Sent extends EventType<infer Given, unknown> ? Given : never

/** Options of {@link webhooks}. */
export interface WebhooksDefinition<Sent extends EventType> {
  /** The events that are sent. */
  readonly events: readonly Sent[]
  /**
   * Returns the owner or owners of a message. The message is sent only to the endpoints of these
   * owners. If the function returns `undefined`, the message is sent to no endpoint. If the
   * function throws, the message becomes a dead letter, and the next message is handled.
   */
  readonly ownerOf: (message: Message<GivenOf<Sent>>) => string | readonly string[] | undefined
  /** Retries of failed deliveries. Default: ten attempts over about three days. */
  readonly retry?: {
    /**
     * The delays between the attempts; a random jitter of up to 10 % is added. If the attempt after
     * the last delay fails, the delivery has failed permanently. Default `['5s', '5m', '30m', '2h',
     * '5h', '10h', '14h', '20h', '24h']`.
     */
    readonly schedule: readonly Duration[]
  }
  /** Timeout of one attempt. Default `'15s'`. */
  readonly timeout?: Duration
  /** Max number of concurrent deliveries to one endpoint. Default 4. */
  readonly concurrency?: number
  /**
   * Max number of concurrent deliveries in each process. Deliveries do not use the slots of
   * other jobs. Default 20. Half of the slots are reserved for owners without a running delivery.
   * Raise it if many owners have slow endpoints.
   */
  readonly slots?: number
  /** Time without a successful delivery after which an endpoint is disabled. Default `'5d'`. */
  readonly disableAfter?: Duration
  /** Retention of messages and their deliveries, for inspection and replay. Default `'30d'`. */
  readonly retention?: Duration
  /**
   * Hosts to which webhooks are sent even if their addresses are private, e.g. `localhost` or
   * `receiver.internal:8080`. Default: none.
   */
  readonly allowedHosts?: readonly string[]
  /**
   * True if endpoints may have http URLs. Default: false if `NODE_ENV` is `production`, otherwise
   * true.
   */
  readonly allowHttp?: boolean
}

/**
 * Outgoing webhooks: a capability of a service, with the functions for its endpoints and
 * deliveries.
 */
export interface Webhooks extends Capability, Endpoints, Deliveries {}

const defaultSchedule: readonly Duration[] = ['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '24h']

/**
 * Defines outgoing webhooks: the messages of the given events are sent to the endpoints of their
 * owners, as specified by Standard Webhooks (https://www.standardwebhooks.com).
 *
 * @example
 * ```ts
 * const hooks = webhooks({ events: [OrderPlaced], ownerOf: ({ key }) => key })
 *
 * mutation({
 *   route: 'POST /endpoints',
 *   access: signedIn(),
 *   input: z.object({ url: z.url() }),
 *   problems: webhookProblems,
 *   run: async ({ input, transaction }) =>
 *     void (await hooks.addEndpoint(transaction, { owner: 'customer-42', url: input.url })),
 * })
 * ```
 */
export function webhooks<const Sent extends EventType>(definition: WebhooksDefinition<Sent>): Webhooks {
  const { events, allowedHosts = [], allowHttp } = definition
  const definedAt = callSite(webhooks)
  const schedule = definition.retry?.schedule ?? defaultSchedule
  // Without this check, an invalid delay would be found only after a failed attempt.
  for (const delay of schedule) toMilliseconds(delay, { option: 'retry.schedule of webhooks' })
  const job = deliveryJob({
    rules: { allowedHosts },
    schedule,
    timeoutMs: toMilliseconds(definition.timeout ?? '15s', { option: 'timeout of webhooks' }),
    disableAfterMs: toMilliseconds(definition.disableAfter ?? '5d', { option: 'disableAfter of webhooks' }),
    concurrency: definition.concurrency ?? 4,
    slots: definition.slots ?? 20,
    definedAt,
  })
  const subscriber = messageSubscriber({
    events,
    ownerOf: definition.ownerOf,
    job,
    retentionMs: toMilliseconds(definition.retention ?? '30d', { option: 'retention of webhooks' }),
  })
  const names = events.map(({ name }) => name)
  return {
    name: 'webhooks',
    definedAt,
    jobs: [job],
    subscribers: [subscriber],
    ...createEndpoints(names, { allowHttp, allowedHosts }),
    ...deliveries,
  }
}
