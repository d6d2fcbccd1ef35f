import { HoldfastError } from '../kernel/holdfast-error.ts'
import { isUuid } from '../kernel/is-uuid.ts'
import type { Json } from '../kernel/json.ts'
import { runStatement, type StatementClient } from '../postgres/statement-client.ts'
import { listMessageRows } from './queries/list-messages.ts'
import { listRelayRows } from './queries/list-relays.ts'
import { deleteRelay, forgetPositions, moveRelayBefore, moveRelayTo } from './queries/move-relay.ts'

/** Why a relay does not get on. */
export interface RelayFailure {
  /** That of the error: `'broker-unreachable'`. */
  readonly code: string
  readonly message: string
  /** When it was first seen, in ISO 8601. */
  readonly at: string
}

/** How far a relay has got. */
export interface RelayState {
  readonly name: string
  /** Up to which position it has sent; a whole number in decimal. */
  readonly position: string
  /** When it has sent last; `null` where it has not yet. */
  readonly sentAt: Date | null
  /** Why it does not get on; `null` where it does. */
  readonly failure: RelayFailure | null
  /** How many messages are behind its position, those of events that it does not send included. */
  readonly lagMessages: number
  /** How long ago the oldest of them was published; 0 where there is none. */
  readonly lagSeconds: number
}

/** Lists all relays that have ever run, by name. */
export async function listRelays(client: StatementClient): Promise<readonly RelayState[]> {
  return runStatement<RelayState>(client, listRelayRows())
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

const mostListed = 1_000

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
  if (!Number.isInteger(limit) || limit < 1 || limit > mostListed)
    throw listInvalid(`the limit ${limit}`, `a whole number from 1 to ${mostListed}`)
  if (before !== null && !isUuid(before))
    throw listInvalid(`the id ${JSON.stringify(before)}`, 'that of the last message of the page before')
  return runStatement<StoredMessage>(
    client,
    listMessageRows({ event, key, since, until, isNew, before, limit }),
  )
}

/** Where a relay goes on from: behind a position, or with the first message that was published at a time or later. */
export type RelayTarget = { readonly position: bigint | string } | { readonly since: Date }

/** Where a relay has been moved to. */
export interface MovedRelay {
  readonly name: string
  readonly position: string
  /** How many messages are behind that now. */
  readonly messages: number
}

/**
 * Moves a relay, back or forth: what is behind its new position is sent, again where it has been before; what is before it is not. A batch that is
 * on its way meanwhile arrives. Brokers drop what they know already, as long as they remember it.
 *
 * @throws HoldfastError `relay-unknown`, or `relay-position-invalid`.
 */
export async function moveRelay(client: StatementClient, name: string, to: RelayTarget): Promise<MovedRelay> {
  const [moved] = await runStatement<MovedRelay>(
    client,
    'since' in to ? moveRelayBefore(name, to.since) : moveRelayTo(name, checkPosition(to.position)),
  )
  if (moved) return moved
  throw await relayUnknown(client, name)
}

/**
 * Forgets a relay that the program has no more: its position would have messages kept for ever. One that runs begins anew with the oldest message.
 *
 * @throws HoldfastError `relay-unknown`.
 */
export async function forgetRelay(client: StatementClient, name: string): Promise<void> {
  const known = await listRelays(client)
  if (!known.some((relay) => relay.name === name)) throw await relayUnknown(client, name)
  await runStatement(client, deleteRelay(name))
}

/**
 * Has messages handed out once more, behind all others: every relay sends them again, every subscriber hears of them again. A consumer that has
 * consumed one does nothing. Gives the ids of those that there are.
 *
 * @throws HoldfastError `message-list-invalid` where one of the ids is none.
 */
export async function republish(client: StatementClient, ids: readonly string[]): Promise<readonly string[]> {
  for (const id of ids) if (!isUuid(id)) throw listInvalid(`the id ${JSON.stringify(id)}`, 'a UUID')
  return (await runStatement<{ id: string }>(client, forgetPositions(ids))).map(({ id }) => id)
}

function checkPosition(position: bigint | string): string {
  const text = String(position)
  if (/^\d{1,18}$/.test(text)) return text
  throw new HoldfastError(
    'relay-position-invalid',
    `${JSON.stringify(text)} is not a position. Give a whole number in decimal, as the list of messages has it; 0 is the beginning.`,
  )
}

function listInvalid(what: string, wanted: string): HoldfastError {
  return new HoldfastError(
    'message-list-invalid',
    `Messages were asked for with ${what}; it has to be ${wanted}.`,
  )
}

async function relayUnknown(client: StatementClient, name: string): Promise<HoldfastError> {
  const names = (await listRelays(client)).map((relay) => relay.name)
  const known = names.length === 0 ? 'none has run yet' : `there are ${names.join(', ')}`
  return new HoldfastError('relay-unknown', `No relay "${name}" has run on this database: ${known}.`)
}
