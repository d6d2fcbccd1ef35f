import { HoldfastError } from '../kernel/holdfast-error.ts'
import { isUuid } from '../kernel/is-uuid.ts'
import type { Json } from '../kernel/json.ts'
import { runStatement, type StatementClient } from '../postgres/statement-client.ts'
import { listMessageRows } from './queries/list-messages.ts'
import { listDeadRows, redriveDead, skipDead } from './queries/dead-messages.ts'
import { listSubscriptionRows } from './queries/list-subscriptions.ts'
import { deleteSubscription, forgetPositions, moveBefore, moveTo } from './queries/move-subscription.ts'
import type { SubscriptionKind } from './subscription.ts'

/** The reason for which a relay cannot send. */
export interface RelayFailure {
  /** Code of the error: `'broker-unreachable'`. */
  readonly code: string
  readonly message: string
  /** When it was first seen, in ISO 8601. */
  readonly at: string
}

/** A consumer, subscriber or relay, and how far it has read the message log. */
export interface SubscriptionState {
  readonly service: string
  readonly kind: SubscriptionKind
  readonly name: string
  /** The service whose messages it reads. */
  readonly publisher: string
  /** The events that it reads; `null`: all. */
  readonly events: readonly string[] | null
  /** The position up to which it has read; a whole number in decimal. */
  readonly position: string
  /** When it last handled messages; `null` if it has not yet. */
  readonly handledAt: Date | null
  /** When a process that runs it was last seen. */
  readonly seenAt: Date
  /** The reason for which a relay cannot send; `null` if it can. */
  readonly failure: RelayFailure | null
  /** Number of messages behind its position, those that it does not read included; at most 200,000. */
  readonly lagMessages: number
  /** Age of the oldest of them in seconds; 0 if there is none. */
  readonly lagSeconds: number
  /** Number of dead letters of a subscriber. Those of a consumer are dead jobs. */
  readonly deadMessages: number
}

/** Lists the subscriptions that are registered, of one kind or all, by service, kind and name. */
export async function listSubscriptions(
  client: StatementClient,
  kind?: SubscriptionKind,
): Promise<readonly SubscriptionState[]> {
  return runStatement<SubscriptionState>(client, listSubscriptionRows(kind ?? null))
}

/** A message that a subscriber could not take. */
export interface StoredDeadMessage {
  readonly service: string
  readonly subscriber: string
  /** Id of the message. */
  readonly id: string
  readonly event: string
  readonly key: string
  readonly failure: Json
  /** Whether it is about to be handled again. */
  readonly isRedriven: boolean
  readonly diedAt: Date
}

/** Lists the dead letters of subscribers, newest first. Those of consumers are dead jobs `consumer:<name>`. */
export async function listDeadMessages(
  client: StatementClient,
  { subscriber, limit = 50 }: { readonly subscriber?: string; readonly limit?: number } = {},
): Promise<readonly StoredDeadMessage[]> {
  const rows = { subscriber: subscriber ?? null, limit: checkLimit(limit) }
  return runStatement<StoredDeadMessage>(client, listDeadRows(rows))
}

/**
 * Hands dead letters to their subscriber again; that of one message, or all. Returns the ids.
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
 * Deletes dead letters of a subscriber; that of one message, or all. Returns the ids.
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

/** Which messages are listed. */
export interface ListMessagesOptions {
  readonly event?: string
  readonly key?: string
  /** Those that were published at this time or later. */
  readonly since?: Date
  /** Those that were published before this time. */
  readonly until?: Date
  /** Whether those that nobody has heard of yet, or only the others. Default: both. */
  readonly isNew?: boolean
  /** The id of the last one on the page before. */
  readonly before?: string
  /** How many at most, 1 to 1,000. Default 50. */
  readonly limit?: number
}

/** A message as it is stored. */
export interface StoredMessage {
  readonly id: string
  readonly event: string
  readonly key: string
  readonly payload: Json
  /** Where it stands for relays; `null` where it has not been handed out yet. A whole number in decimal. */
  readonly position: string | null
  readonly publishedAt: Date
  readonly traceparent: string | null
}

const maxListed = 1_000

/**
 * Lists messages that are kept, the last ones first.
 *
 * @throws HoldfastError `message-list-invalid` where the limit or the id is none.
 */
export async function listMessages(
  client: StatementClient,
  options: ListMessagesOptions = {},
): Promise<readonly StoredMessage[]> {
  const { event = null, key = null, since = null, until = null, isNew = null } = options
  const { before = null, limit = 50 } = options
  checkLimit(limit)
  if (before !== null && !isUuid(before))
    throw listInvalid(`the id ${JSON.stringify(before)}`, 'that of the last message of the page before')
  return runStatement<StoredMessage>(
    client,
    listMessageRows({ event, key, since, until, isNew, before, limit }),
  )
}

/** Names a subscription. */
export interface SubscriptionReference {
  readonly kind: SubscriptionKind
  readonly name: string
  /** Its service. Needed only if several services on the database have a subscription of this name. */
  readonly service?: string
}

/** Where a subscription goes on: behind a position, or with the first message of a time or later. */
export type SubscriptionTarget = { readonly position: bigint | string } | { readonly since: Date }

/** A subscription that has been moved. */
export interface MovedSubscription {
  readonly service: string
  readonly name: string
  readonly position: string
  /** Number of messages behind that position. */
  readonly messages: number
}

/**
 * Moves a relay or a subscriber: it handles what is behind its new position, again if it has before, and
 * nothing before it. A batch that is under way meanwhile is handled. Brokers drop messages that they still
 * know. A consumer can be moved too, and consumes each message only once all the same.
 *
 * @throws HoldfastError `subscription-unknown`, `subscription-ambiguous` or `subscription-position-invalid`.
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
 * Removes a subscription that no program has any more, with its dead letters. A program that still has it
 * registers it again when it starts.
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
 * Dispatches messages once more, behind all others: every relay sends them and every subscriber handles
 * them again. A consumer that has consumed one does nothing. Returns the ids of those that are kept.
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
    `${JSON.stringify(text)} is not a position. Pass a whole number in decimal, as the list of messages shows it; 0 is the beginning.`,
  )
}

function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxListed) return limit
  throw listInvalid(`the limit ${limit}`, `a whole number from 1 to ${maxListed}`)
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
