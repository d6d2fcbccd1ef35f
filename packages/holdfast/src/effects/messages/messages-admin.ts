import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { isUuid } from '../../kernel/base/is-uuid.ts'
import type { Json } from '../../kernel/base/json.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { listMessageRows } from './queries/list-messages.ts'
import { listDeadRows, redriveDead, skipDead } from './queries/dead-messages.ts'
import { listSubscriptionRows } from './queries/list-subscriptions.ts'
import { deleteSubscription, forgetPositions, moveBefore, moveTo } from './queries/move-subscription.ts'
import type { SubscriptionKind } from './subscription.ts'

/** The reason why a relay cannot send. */
export interface RelayFailure {
  /** The error's code, e.g. `'broker-unreachable'`. */
  readonly code: string
  readonly message: string
  /** When it first occurred, in ISO 8601. */
  readonly at: string
}

/** A consumer, subscriber or relay, and how far it has read the message log. */
export interface SubscriptionState {
  readonly service: string
  readonly kind: SubscriptionKind
  readonly name: string
  /** The service whose messages it reads. */
  readonly publisher: string
  /** Names of the events that it reads; `null` means all. */
  readonly events: readonly string[] | null
  /** The position up to which it has read, as a decimal integer. */
  readonly position: string
  /** When it last handled messages; `null` if it never has. */
  readonly handledAt: Date | null
  /** When a process that runs it was last seen. */
  readonly seenAt: Date
  /** The reason why a relay cannot send; `null` if it can. */
  readonly failure: RelayFailure | null
  /**
   * Number of messages after its position, including those that it does not read. Capped at
   * 200,000.
   */
  readonly lagMessages: number
  /** Age in seconds of the oldest message after its position; 0 if there is none. */
  readonly lagSeconds: number
  /** Number of dead letters of a subscriber. The dead letters of a consumer are dead jobs. */
  readonly deadMessages: number
}

/** Lists the registered subscriptions, of one kind or of all, ordered by service, kind and name. */
export async function listSubscriptions(
  client: StatementClient,
  kind?: SubscriptionKind,
): Promise<readonly SubscriptionState[]> {
  return runStatement<SubscriptionState>(client, listSubscriptionRows(kind ?? null))
}

/** A dead letter: a message that failed permanently for a subscriber. */
export interface StoredDeadMessage {
  readonly service: string
  readonly subscriber: string
  /** The message's id. */
  readonly id: string
  readonly event: string
  readonly key: string
  readonly failure: Json
  /** True if it has been redriven and waits to be handled again. */
  readonly isRedriven: boolean
  readonly diedAt: Date
}

/**
 * Lists the dead letters of subscribers, newest first. Consumers have dead jobs `consumer:<name>`
 * instead.
 */
export async function listDeadMessages(
  client: StatementClient,
  { subscriber, limit = 50 }: { readonly subscriber?: string; readonly limit?: number } = {},
): Promise<readonly StoredDeadMessage[]> {
  const rows = { subscriber: subscriber ?? null, limit: checkLimit(limit) }
  return runStatement<StoredDeadMessage>(client, listDeadRows(rows))
}

/**
 * Redrives the dead letter of one message, or all dead letters of a subscriber: it handles them
 * again. Returns their message ids.
 *
 * @throws HoldfastError `message-list-invalid` if the id is not a UUID.
 */
export async function redriveDeadMessages(
  client: StatementClient,
  subscriber: string,
  id?: string,
): Promise<readonly string[]> {
  return (await runStatement<{ id: string }>(client, redriveDead(subscriber, checkId(id)))).map(
    (row) => row.id,
  )
}

/**
 * Deletes the dead letter of one message, or all dead letters of a subscriber. Returns their
 * message ids.
 *
 * @throws HoldfastError `message-list-invalid` if the id is not a UUID.
 */
export async function skipDeadMessages(
  client: StatementClient,
  subscriber: string,
  id?: string,
): Promise<readonly string[]> {
  return (await runStatement<{ id: string }>(client, skipDead(subscriber, checkId(id)))).map((row) => row.id)
}

/** Filters and page of {@link listMessages}. */
export interface ListMessagesOptions {
  readonly event?: string
  readonly key?: string
  /** Only messages published at this time or later. */
  readonly since?: Date
  /** Only messages published before this time. */
  readonly until?: Date
  /**
   * `true`: only messages that are not dispatched yet; `false`: only dispatched ones. Default:
   * both.
   */
  readonly isNew?: boolean
  /** Id of the last message on the previous page. Default: the first page. */
  readonly before?: string
  /** Maximum number of messages, 1 to 1,000. Default 50. */
  readonly limit?: number
}

/** A stored message. */
export interface StoredMessage {
  readonly id: string
  readonly event: string
  readonly key: string
  readonly payload: Json
  /**
   * Its position in the message log, as a decimal integer; `null` if it has not been dispatched
   * yet.
   */
  readonly position: string | null
  readonly publishedAt: Date
  readonly traceparent: string | null
}

const maxListed = 1_000

/**
 * Lists stored messages, newest first.
 *
 * @throws HoldfastError `message-list-invalid` if the limit or the id is invalid.
 */
export async function listMessages(
  client: StatementClient,
  options: ListMessagesOptions = {},
): Promise<readonly StoredMessage[]> {
  const { event = null, key = null, since = null, until = null, isNew = null } = options
  const { before = null, limit = 50 } = options
  checkLimit(limit)
  if (before !== null && !isUuid(before))
    throw listInvalid(`the id ${JSON.stringify(before)}`, 'the id of the last message of the previous page')
  return runStatement<StoredMessage>(
    client,
    listMessageRows({ event, key, since, until, isNew, before, limit }),
  )
}

/** Identifies a subscription. */
export interface SubscriptionReference {
  readonly kind: SubscriptionKind
  readonly name: string
  /**
   * Its service. Required only if several services on the database have a subscription with this
   * name.
   */
  readonly service?: string
}

/** Where a subscription continues: after a position, or at the first message at or after a time. */
export type SubscriptionTarget = { readonly position: bigint | string } | { readonly since: Date }

/** A subscription that has been moved. */
export interface MovedSubscription {
  readonly service: string
  readonly name: string
  readonly position: string
  /** Number of messages after that position. */
  readonly messages: number
}

/**
 * Moves a relay or a subscriber to a position. It handles the messages after it, including those
 * that it has handled before, and skips the messages before it; a batch in progress is still
 * completed. Brokers drop messages that they still know. A consumer can be moved too; it still
 * consumes each message once.
 *
 * @throws HoldfastError `subscription-unknown`, `subscription-ambiguous` or
 * `subscription-position-invalid`.
 */
export async function moveSubscription(
  client: StatementClient,
  subscription: SubscriptionReference,
  to: SubscriptionTarget,
): Promise<MovedSubscription> {
  const id = await findSubscription(client, subscription)
  const [moved] = await runStatement<MovedSubscription>(
    client,
    'since' in to ? moveBefore(id, to.since) : moveTo(id, checkPosition(to.position)),
  )
  return moved!
}

/**
 * Removes a subscription that no service declares any more, with its dead letters. A service that
 * still declares it registers it again when it starts.
 *
 * @throws HoldfastError `subscription-unknown` or `subscription-ambiguous`.
 */
export async function removeSubscription(
  client: StatementClient,
  subscription: SubscriptionReference,
): Promise<void> {
  await runStatement(client, deleteSubscription(await findSubscription(client, subscription)))
}

/**
 * Dispatches messages again, after all others: relays send them and subscribers handle them again.
 * A consumer that has already consumed one ignores it. Returns the ids of the messages that still
 * exist.
 *
 * @throws HoldfastError `message-list-invalid` if an id is not a UUID.
 */
export async function republish(client: StatementClient, ids: readonly string[]): Promise<readonly string[]> {
  for (const id of ids) if (!isUuid(id)) throw listInvalid(`the id ${JSON.stringify(id)}`, 'a UUID')
  return (await runStatement<{ id: string }>(client, forgetPositions(ids))).map(({ id }) => id)
}

function checkPosition(position: bigint | string): string {
  const text = String(position)
  if (/^\d{1,18}$/.test(text)) return text
  throw new HoldfastError(
    'subscription-position-invalid',
    `${JSON.stringify(text)} is not a position. Pass a decimal integer, as shown in the list of messages; 0 is the beginning.`,
  )
}

function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxListed) return limit
  throw listInvalid(`the limit ${limit}`, `an integer from 1 to ${maxListed}`)
}

function checkId(id: string | undefined): string | null {
  if (id !== undefined && !isUuid(id)) throw listInvalid(`the id ${JSON.stringify(id)}`, 'a UUID')
  return id ?? null
}

function listInvalid(what: string, wanted: string): HoldfastError {
  return new HoldfastError(
    'message-list-invalid',
    `Messages were requested with ${what}; it must be ${wanted}.`,
  )
}

async function findSubscription(
  client: StatementClient,
  { kind, name, service }: SubscriptionReference,
): Promise<SubscriptionState> {
  const all = await listSubscriptions(client, kind)
  const found = all.filter((one) => one.name === name && (service ?? one.service) === one.service)
  const [first, ...others] = found
  if (!first) {
    const names = all.map((one) => one.name)
    const known = names.length === 0 ? `no ${kind} is registered` : `registered: ${names.join(', ')}`
    throw new HoldfastError(
      'subscription-unknown',
      `No ${kind} "${name}" is registered in this database; ${known}.`,
    )
  }
  if (others.length === 0) return first
  throw new HoldfastError(
    'subscription-ambiguous',
    `Several services have a ${kind} "${name}": ${found.map((one) => one.service).join(', ')}. Name the service.`,
  )
}
