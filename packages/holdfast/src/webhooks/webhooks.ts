import type { Capability } from '../kernel/background.ts'
import { callSite } from '../kernel/call-site.ts'
import { type Duration, toMilliseconds } from '../kernel/duration.ts'
import type { EventType, Message } from '../kernel/event.ts'
import { readMode } from '../kernel/surroundings.ts'
import { deliveries, type Deliveries } from './deliveries.ts'
import { deliveryJob } from './delivery-job.ts'
import { createEndpoints, type Endpoints } from './endpoints.ts'
import { messageSubscriber } from './message-subscriber.ts'

/** What is published of an event: what JSON carries of what was given. */
type GivenOf<E> = E extends EventType<infer Given, unknown> ? Given : never

/** What webhooks are defined with. */
export interface WebhooksDefinition<E extends EventType> {
  /** Which events are sent. */
  readonly events: readonly E[]
  /**
   * Returns the owner or owners of a message: it is sent to their endpoints only; `undefined`: to none. A
   * message for which it throws becomes a dead letter, and the messages behind it go on.
   */
  readonly ownerOf: (message: Message<GivenOf<E>>) => string | readonly string[] | undefined
  /** When a delivery that was not taken is tried again. Default: ten tries within three days. */
  readonly retry?: {
    /** The pauses between the tries; up to a tenth is added at random. Default `['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '24h']`. */
    readonly schedule: readonly Duration[]
  }
  /** How long one try may take in all. Default `'15s'`. */
  readonly timeout?: Duration
  /** How many deliveries to one endpoint are under way at once. Default 4. */
  readonly concurrency?: number
  /**
   * How many deliveries are under way at once in each process, apart from its other jobs. Default 20. Half of them are
   * reserved for owners to whom none is under way. Raise it if many owners have endpoints that answer slowly.
   */
  readonly slots?: number
  /** An endpoint that has taken nothing for this long is disabled. Default `'5d'`. */
  readonly disableAfter?: Duration
  /** How long messages are kept with their deliveries, to be looked at and replayed. Default `'30d'`. */
  readonly retention?: Duration
  /** Hosts of endpoints that need not be on the public internet: `localhost`, `receiver.internal:8080`. Default: none. */
  readonly allowedHosts?: readonly string[]
  /** Whether endpoints may have http URLs. Default: not where `NODE_ENV` is `production`. */
  readonly allowHttp?: boolean
}

/** Outgoing webhooks: a capability of the service, and what handlers manage its endpoints with. */
export interface Webhooks extends Capability, Endpoints, Deliveries {}

const defaultSchedule: readonly Duration[] = ['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '24h']

/** Sends the messages of events to the endpoints of their owners, by Standard Webhooks (https://www.standardwebhooks.com). */
export function webhooks<const E extends EventType>(definition: WebhooksDefinition<E>): Webhooks {
  const { events, allowedHosts = [], allowHttp = readMode(process.env) !== 'production' } = definition
  const job = deliveryJob({
    rules: { allowedHosts },
    schedule: definition.retry?.schedule ?? defaultSchedule,
    timeoutMs: toMilliseconds(definition.timeout ?? '15s'),
    disableAfterMs: toMilliseconds(definition.disableAfter ?? '5d'),
    concurrency: definition.concurrency ?? 4,
    slots: definition.slots ?? 20,
    place: callSite(webhooks),
  })
  const subscriber = messageSubscriber({
    events,
    ownerOf: definition.ownerOf,
    job,
    retentionMs: toMilliseconds(definition.retention ?? '30d'),
  })
  const names = events.map(({ name }) => name)
  return {
    name: 'webhooks',
    jobs: [job],
    subscribers: [subscriber],
    ...createEndpoints(names, { allowHttp, allowedHosts }),
    ...deliveries,
  }
}
