import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { inTransaction } from '../../storage/postgres/transaction/in-transaction.ts'
import { notify } from '../wakes/notify.ts'
import { listSubscriptionRows } from './queries/list-subscriptions.ts'
import { deleteSubscription, moveBefore, type MoveRow, moveTo } from './queries/move-subscription.ts'
import type { SubscriptionKind } from './subscription.ts'

/** The reason why a relay cannot send. */
export interface RelayFailure {
  /** The error's code, e.g. `'broker-unreachable'`. */
  readonly code: string
  readonly message: string
  /** The time at which the failure first occurred, in ISO 8601. */
  readonly at: string
}

/** A consumer, subscriber or relay, and its progress in the message log. */
export interface SubscriptionState {
  readonly service: string
  readonly kind: SubscriptionKind
  readonly name: string
  /** The service whose messages the subscription reads. */
  readonly publisher: string
  /** Names of the events that the subscription reads; `null` means all. */
  readonly events: readonly string[] | null
  /** The position up to which the subscription has read, as a decimal integer. */
  readonly position: string
  /** The time at which the subscription last handled messages; `null` if it never has. */
  readonly handledAt: Date | null
  /** The time at which a process that runs the subscription was last seen. */
  readonly seenAt: Date
  /** The reason why a relay cannot send; `null` if the relay can send. */
  readonly failure: RelayFailure | null
  /**
   * Number of messages after the position, including messages of other events. Capped at 200,000.
   */
  readonly lagMessages: number
  /** Age in seconds of the oldest message after the position; 0 if there is no such message. */
  readonly lagSeconds: number
  /** Number of dead letters of a subscriber. The dead letters of a consumer are dead jobs. */
  readonly deadMessages: number
}

/**
 * Lists the registered subscriptions, of one kind or of all, ordered by service, kind and name.
 *
 * @example
 * ```ts
 * for (const { name, lagMessages } of await listSubscriptions(pool, 'consumer'))
 *   console.log(name, lagMessages)
 * ```
 */
export async function listSubscriptions(
  client: StatementClient,
  kind?: SubscriptionKind,
): Promise<readonly SubscriptionState[]> {
  return runStatement<SubscriptionState>(client, listSubscriptionRows(kind ?? null))
}

/** Identifies a subscription. */
export interface SubscriptionReference {
  readonly kind: SubscriptionKind
  readonly name: string
  /**
   * The service of the subscription. Required only if several services on the database have a
   * subscription with this name.
   */
  readonly service?: string
}

/**
 * The point at which a subscription continues: after a position, or at the first message published
 * at or after a time.
 */
export type SubscriptionTarget = { readonly position: bigint | string } | { readonly since: Date }

/** The target of a subscription's move, and whether the move may skip messages. */
export type SubscriptionMove = SubscriptionTarget & {
  /**
   * True if the subscription may move forward. It then never handles the messages that it has
   * skipped. Default true.
   */
  readonly maySkip?: boolean
}

/** A subscription that has been moved. */
export interface MovedSubscription {
  readonly service: string
  readonly name: string
  readonly position: string
  /** Number of messages after the new position. */
  readonly messages: number
}

/**
 * Moves a subscription back or forward: to a `position`, or to the first message published `since`
 * a time. With `maySkip: false`, it can only move back. The subscription then handles all messages
 * after that point, including messages that it has already handled. A batch in progress is still
 * completed.
 *
 * Brokers ignore messages that they still recognize as duplicates. A consumer still consumes each
 * message once.
 *
 * @throws HoldfastError `subscription-unknown`, `subscription-ambiguous`,
 * `subscription-position-invalid` or, if the move would skip messages and `maySkip` is false,
 * `subscription-would-skip`.
 *
 * @example
 * ```ts no-run
 * await moveSubscription(
 *   pool,
 *   { kind: 'relay', name: 'nats' },
 *   { since: new Date('2026-01-01'), maySkip: false },
 * )
 * ```
 */
export async function moveSubscription(
  client: StatementClient,
  subscription: SubscriptionReference,
  { maySkip = true, ...to }: SubscriptionMove,
): Promise<MovedSubscription> {
  return inTransaction(client, async (within) => {
    const found = await findSubscription(within, subscription)
    const [moved] = await runStatement<MoveRow>(
      within,
      'since' in to
        ? moveBefore(found, to.since, maySkip)
        : moveTo(found, checkPosition(to.position), maySkip),
    )
    if (!moved) throw subscriptionUnknown(subscription, [])
    const { from, position, messages, is_moved: isMoved } = moved
    const { service, kind, name, publisher, events } = found
    if (!isMoved) {
      throw new HoldfastError(
        'subscription-would-skip',
        `The ${kind} "${name}" has read the messages up to position ${from}; after moving to ${position}, it would never read the messages in between. Nothing was moved. Pass maySkip: true (--skip) to skip them.`,
      )
    }
    const names = events === null ? undefined : new Set(events)
    await runStatement(within, notify([{ kind: 'messages', service: publisher, names }]))
    return { service, name, position, messages }
  })
}

/**
 * Removes a subscription and its dead letters. Use it only for a subscription that no service
 * declares. A service that declares the subscription would register it again at its next start.
 *
 * @throws HoldfastError `subscription-unknown` or `subscription-ambiguous`.
 *
 * @example
 * ```ts no-run
 * await removeSubscription(pool, { kind: 'consumer', name: 'count-orders' })
 * ```
 */
export async function removeSubscription(
  client: StatementClient,
  subscription: SubscriptionReference,
): Promise<void> {
  await runStatement(client, deleteSubscription(await findSubscription(client, subscription)))
}

function checkPosition(position: bigint | string): string {
  const text = String(position)
  if (/^\d{1,18}$/.test(text)) return text
  throw new HoldfastError(
    'subscription-position-invalid',
    `${JSON.stringify(text)} is not a position. Pass a decimal integer, as shown in the list of messages; 0 is the beginning.`,
  )
}

async function findSubscription(
  client: StatementClient,
  { kind, name, service }: SubscriptionReference,
): Promise<SubscriptionState> {
  const all = await listSubscriptions(client, kind)
  const found = all.filter((one) => one.name === name && (service ?? one.service) === one.service)
  const [first, ...others] = found
  if (!first) throw subscriptionUnknown({ kind, name }, all)
  if (others.length === 0) return first
  throw new HoldfastError(
    'subscription-ambiguous',
    `Several services have a ${kind} "${name}": ${found.map((one) => one.service).join(', ')}. Name the service.`,
  )
}

function subscriptionUnknown(
  { kind, name }: SubscriptionReference,
  all: readonly SubscriptionState[],
): HoldfastError {
  const names = all.map((one) => one.name)
  const known = names.length === 0 ? `no ${kind} is registered` : `registered: ${names.join(', ')}`
  return new HoldfastError(
    'subscription-unknown',
    `No ${kind} "${name}" is registered in this database; ${known}.`,
  )
}
