import { type Duration, toMilliseconds } from '../kernel/duration.ts'
import type { Statements, Transaction } from '../kernel/effects.ts'
import type { PageSource } from '../kernel/page.ts'
import { uuidv7 } from '../kernel/uuid-v7.ts'
import { runStatement } from '../postgres/statement-client.ts'
import { changeEndpoint } from './change-endpoint.ts'
import { readEndpointUrl, type UrlRules } from './endpoint-url.ts'
import { listOf } from './list-of.ts'
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

/** Something of an owner's: nobody reaches another's. */
export interface Owned {
  readonly owner: string
  readonly id: string
}

/** An endpoint that is to be added. */
export interface EndpointDefinition {
  /** Whose it is: what `ownerOf` gives for the messages that it gets. */
  readonly owner: string
  readonly url: string
  /** The names of the events that it gets. Default, and `null`: all. */
  readonly events?: readonly string[] | null | undefined
  /** For whoever reads the list. Default empty. */
  readonly description?: string | undefined
}

/** What of an endpoint is to be changed; what is not given stays. */
export interface EndpointUpdate extends Owned, Partial<Omit<EndpointDefinition, 'owner'>> {}

/** A secret that is to take the place of another. */
export interface SecretRotation extends Owned {
  /** How long deliveries are signed with the old one besides. Default `'24h'`. */
  readonly overlap?: Duration
}

/**
 * The endpoints of owners, for the handlers of their operations, in the transaction that they are given. They belong to the service
 * whose handlers add them: another service on the same database neither sees them nor sends to them.
 */
export interface Endpoints {
  /** Adds one. Throws `WebhookUrlInvalid` and `WebhookEventUnknown`. */
  addEndpoint(transaction: Transaction, endpoint: EndpointDefinition): Promise<NewWebhookEndpoint>
  /** Changes one. Throws `WebhookEndpointUnknown`, `WebhookUrlInvalid` and `WebhookEventUnknown`. */
  updateEndpoint(transaction: Transaction, update: EndpointUpdate): Promise<WebhookEndpoint>
  /** Gives one another secret; for a while, deliveries are signed with both. Throws `WebhookEndpointUnknown`. */
  rotateSecret(transaction: Transaction, rotation: SecretRotation): Promise<{ readonly secret: string }>
  /** Enables one again, as if it had never failed. What was not sent meanwhile is replayed where that is asked for. Throws `WebhookEndpointUnknown`. */
  enableEndpoint(transaction: Transaction, endpoint: Owned): Promise<WebhookEndpoint>
  /** Disables one: what is pending is given up when its next try is due. Throws `WebhookEndpointUnknown`. */
  disableEndpoint(
    transaction: Transaction,
    endpoint: Owned & { readonly reason?: string },
  ): Promise<WebhookEndpoint>
  /** Removes one with all of its deliveries. Throws `WebhookEndpointUnknown`. */
  removeEndpoint(transaction: Transaction, endpoint: Owned): Promise<void>
  /** The endpoints of an owner in the order in which they were added, for `page`. */
  listEndpoints(statements: Statements, filters: { readonly owner: string }): PageSource<WebhookEndpoint>
}

const defaultOverlap = '24h'

/** Makes the functions for the endpoints of owners. */
export function createEndpoints(eventNames: readonly string[], rules: UrlRules): Endpoints {
  function checkEvents(events: readonly string[] | null | undefined): void {
    const unknown = (events ?? []).filter((name) => !eventNames.includes(name))
    if (unknown.length === 0) return
    throw WebhookEventUnknown({
      detail: `There is no ${unknown.map((name) => JSON.stringify(name)).join(', ')}; there are ${eventNames.join(', ')}.`,
    })
  }

  return {
    async addEndpoint(transaction, { owner, url, events = null, description = '' }) {
      checkEvents(events)
      const secret = createWebhookSecret()
      const [row] = await runStatement<EndpointRow>(
        transaction,
        insertEndpoint({
          id: uuidv7(),
          service: transaction.service,
          owner,
          url: readEndpointUrl(url, rules),
          events,
          description,
          secret,
        }),
      )
      return { ...toEndpoint(row!), secret }
    },
    async updateEndpoint(transaction, { id, owner, url, events, description }) {
      checkEvents(events)
      const changes = {
        url: url === undefined ? undefined : readEndpointUrl(url, rules),
        events,
        description,
      }
      return toEndpoint(
        await changeEndpoint(
          transaction,
          id,
          updateEndpointRow({ id, service: transaction.service, owner }, changes),
        ),
      )
    },
    async rotateSecret(transaction, { id, owner, overlap = defaultOverlap }) {
      const secret = createWebhookSecret()
      const statement = rotateSecretRow(
        { id, service: transaction.service, owner, secret },
        toMilliseconds(overlap),
      )
      await changeEndpoint(transaction, id, statement)
      return { secret }
    },
    async enableEndpoint(transaction, { id, owner }) {
      return toEndpoint(
        await changeEndpoint(
          transaction,
          id,
          setEndpointState({ id, service: transaction.service, owner }, null),
        ),
      )
    },
    async disableEndpoint(transaction, { id, owner, reason = 'Its owner has disabled it.' }) {
      return toEndpoint(
        await changeEndpoint(
          transaction,
          id,
          setEndpointState({ id, service: transaction.service, owner }, reason),
        ),
      )
    },
    async removeEndpoint(transaction, { id, owner }) {
      await changeEndpoint(transaction, id, deleteEndpoint({ id, service: transaction.service, owner }))
    },
    listEndpoints: (statements, { owner }) =>
      listOf<EndpointRow, WebhookEndpoint>(statements, {
        rows: endpointRows({ service: statements.service, owner, state: null }),
        order: ['seq'],
        toItem: toEndpoint,
      }),
  }
}
