import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import type { Statements, Transaction } from '../../kernel/background/effects.ts'
import type { PageSource } from '../../kernel/pages/page.ts'
import { uuidv7 } from '../../kernel/base/uuid-v7.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { changeEndpoint } from './change-endpoint.ts'
import { readEndpointUrl, type UrlRules } from './endpoint-url.ts'
import { listOf } from '../../storage/pages/list-of.ts'
import { WebhookEventUnknown } from './problems.ts'
import {
  deleteEndpoint,
  endpointRows,
  type EndpointRow,
  insertEndpoint,
  setEndpointState,
  updateEndpointRow,
} from './queries/endpoints.ts'
import { rotateSecretRow } from './queries/rotate-secret.ts'
import { type NewWebhookEndpoint, toEndpoint, type WebhookEndpoint } from './webhook-endpoint.ts'
import { createWebhookSecret } from './webhook-secret.ts'

/** Identifies an object of an owner. The objects of other owners are not found. */
export interface WithOwner {
  readonly owner: string
  readonly id: string
}

/** The definition of a new endpoint. */
export interface EndpointDefinition {
  /**
   * The owner of the endpoint. The endpoint receives the messages for which `ownerOf` returns this
   * owner.
   */
  readonly owner: string
  /** The absolute URL that receives the webhooks; https in production. */
  readonly url: string
  /** Names of the events that the endpoint receives; `null` means all. Default: all. */
  readonly events?: readonly string[] | null | undefined
  /** A description for the list of endpoints. Default: empty. */
  readonly description?: string | undefined
}

/** Changes to an endpoint; omitted properties keep their values. */
export interface EndpointUpdate extends WithOwner, Partial<Omit<EndpointDefinition, 'owner'>> {}

/** Options of `rotateSecret`. */
export interface SecretRotation extends WithOwner {
  /** Time for which deliveries are also signed with the old secret. Default `'24h'`. */
  readonly overlap?: Duration
}

/**
 * Functions for an owner's endpoints, to be called in handlers with their transaction. Endpoints
 * belong to the service whose handlers add them. Other services on the same database cannot see
 * them, and send them nothing.
 */
export interface Endpoints {
  /**
   * Adds an endpoint. Returns the endpoint with its secret. No other function returns the secret.
   * Throws `WebhookUrlInvalid` or `WebhookEventUnknown`.
   */
  addEndpoint(transaction: Transaction, endpoint: EndpointDefinition): Promise<NewWebhookEndpoint>
  /**
   * Changes the URL, the events or the description of an endpoint. Throws
   * `WebhookEndpointUnknown`, `WebhookUrlInvalid` or `WebhookEventUnknown`.
   */
  updateEndpoint(transaction: Transaction, update: EndpointUpdate): Promise<WebhookEndpoint>
  /**
   * Replaces the secret of an endpoint. During the `overlap`, 24 hours by default, deliveries are
   * signed with both secrets. Throws `WebhookEndpointUnknown`.
   */
  rotateSecret(transaction: Transaction, rotation: SecretRotation): Promise<{ readonly secret: string }>
  /**
   * Enables an endpoint, and resets its failures. Deliveries that failed in the meantime are not
   * sent; use `replayDeliveries` for that. Throws `WebhookEndpointUnknown`.
   */
  enableEndpoint(transaction: Transaction, endpoint: WithOwner): Promise<WebhookEndpoint>
  /**
   * Disables an endpoint. Messages that are published while it is disabled are not sent to it
   * later. Its pending deliveries fail when their next attempt is due. Throws
   * `WebhookEndpointUnknown`.
   */
  disableEndpoint(
    transaction: Transaction,
    endpoint: WithOwner & { readonly reason?: string },
  ): Promise<WebhookEndpoint>
  /** Removes an endpoint with all of its deliveries. Throws `WebhookEndpointUnknown`. */
  removeEndpoint(transaction: Transaction, endpoint: WithOwner): Promise<void>
  /** Lists the endpoints of an owner, oldest first, as a source for `page`. */
  listEndpoints(statements: Statements, filters: { readonly owner: string }): PageSource<WebhookEndpoint>
}

const defaultOverlap = '24h'

/** Returns the functions for endpoints. */
export function createEndpoints(eventNames: readonly string[], rules: UrlRules): Endpoints {
  const allowed: Allowed = { eventNames, rules }
  return {
    addEndpoint: async (transaction, endpoint) => addEndpoint(transaction, endpoint, allowed),
    updateEndpoint: async (transaction, update) => updateEndpoint(transaction, update, allowed),
    rotateSecret,
    enableEndpoint: async (transaction, endpoint) => setState(transaction, endpoint, null),
    disableEndpoint: async (transaction, { reason = 'Disabled by its owner.', ...endpoint }) =>
      setState(transaction, endpoint, reason),
    removeEndpoint,
    listEndpoints,
  }
}

/** The events and URLs that endpoints may have. */
interface Allowed {
  readonly eventNames: readonly string[]
  readonly rules: UrlRules
}

async function addEndpoint(
  transaction: Transaction,
  { owner, url, events = null, description = '' }: EndpointDefinition,
  { eventNames, rules }: Allowed,
): Promise<NewWebhookEndpoint> {
  checkEvents(events, eventNames)
  const secret = createWebhookSecret()
  const [row] = await runStatement<EndpointRow>(
    transaction,
    insertEndpoint({
      id: uuidv7(),
      service: transaction.service,
      owner,
      url: readEndpointUrl(url, rules, transaction.mode),
      events,
      description,
      secret,
    }),
  )
  return { ...toEndpoint(row!), secret }
}

async function updateEndpoint(
  transaction: Transaction,
  { id, owner, url, events, description }: EndpointUpdate,
  { eventNames, rules }: Allowed,
): Promise<WebhookEndpoint> {
  checkEvents(events, eventNames)
  const changes = {
    url: url === undefined ? undefined : readEndpointUrl(url, rules, transaction.mode),
    events,
    description,
  }
  const statement = updateEndpointRow({ id, service: transaction.service, owner }, changes)
  return toEndpoint(await changeEndpoint(transaction, id, statement))
}

async function rotateSecret(
  transaction: Transaction,
  { id, owner, overlap = defaultOverlap }: SecretRotation,
): Promise<{ readonly secret: string }> {
  const secret = createWebhookSecret()
  const statement = rotateSecretRow(
    { id, service: transaction.service, owner, secret },
    toMilliseconds(overlap, { option: 'overlap' }),
  )
  await changeEndpoint(transaction, id, statement)
  return { secret }
}

/** Disables an endpoint for a reason; enables it if the reason is null. */
async function setState(
  transaction: Transaction,
  { id, owner }: WithOwner,
  disabledReason: string | null,
): Promise<WebhookEndpoint> {
  const statement = setEndpointState({ id, service: transaction.service, owner }, disabledReason)
  return toEndpoint(await changeEndpoint(transaction, id, statement))
}

async function removeEndpoint(transaction: Transaction, { id, owner }: WithOwner): Promise<void> {
  await changeEndpoint(transaction, id, deleteEndpoint({ id, service: transaction.service, owner }))
}

function listEndpoints(
  statements: Statements,
  { owner }: { readonly owner: string },
): PageSource<WebhookEndpoint> {
  return listOf<EndpointRow, WebhookEndpoint>(statements, {
    rows: endpointRows({ service: statements.service, owner, state: null }),
    order: ['seq'],
    toItem: toEndpoint,
  })
}

function checkEvents(events: readonly string[] | null | undefined, eventNames: readonly string[]): void {
  const unknown = (events ?? []).filter((name) => !eventNames.includes(name))
  if (unknown.length === 0) return
  throw WebhookEventUnknown({
    detail: `Unknown events: ${unknown.map((name) => JSON.stringify(name)).join(', ')}; available events: ${eventNames.join(', ')}.`,
  })
}
