import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { isUuid } from '../../kernel/base/uuid.ts'
import type { Json } from '../../kernel/base/json.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { checkLimit, defaultListed } from '../../storage/postgres/statement/list-limit.ts'
import { runStatement, type StatementClient } from '../../storage/postgres/statement/statement-client.ts'
import { inTransaction } from '../../storage/postgres/transaction/in-transaction.ts'
import type { WakeKind } from '../wakes/wake.ts'
import { notify } from '../wakes/notify.ts'
import { listMessageRows } from './queries/list-messages.ts'
import { listDeadRows, redriveDead, skipDead } from './queries/dead-messages.ts'
import { forgetPositions } from './queries/move-subscription.ts'

/** A dead letter: a message that failed permanently for a subscriber. */
export interface StoredDeadMessage {
  readonly service: string
  readonly subscriber: string
  /** The message's id. */
  readonly id: string
  readonly event: string
  readonly key: string
  readonly failure: Json
  /** True if the dead letter was redriven and is waiting to be handled again. */
  readonly isRedriven: boolean
  readonly diedAt: Date
}

/**
 * Lists the dead letters of subscribers, newest first. Messages that a consumer failed
 * to handle are not listed: they are dead jobs named `consumer:<name>`.
 *
 * @example
 * ```ts
 * const newest = await listDeadMessages(pool, { subscriber: 'webhooks', limit: 10 })
 * ```
 */
export async function listDeadMessages(
  client: StatementClient,
  { subscriber, limit = defaultListed }: { readonly subscriber?: string; readonly limit?: number } = {},
): Promise<readonly StoredDeadMessage[]> {
  const rows = { subscriber: subscriber ?? null, limit: checkLimit(limit, listInvalid) }
  return runStatement<StoredDeadMessage>(client, listDeadRows(rows))
}

/**
 * Redrives the dead letter of one message, or all dead letters of a subscriber, so that the
 * subscriber handles them again. Returns the message ids.
 *
 * @throws HoldfastError `message-list-invalid` if the id is not a UUID.
 *
 * @example
 * ```ts
 * const ids = await redriveDeadMessages(pool, 'webhooks')
 * ```
 */
export async function redriveDeadMessages(
  client: StatementClient,
  subscriber: string,
  id?: string,
): Promise<readonly string[]> {
  return runAndNotify(client, redriveDead(subscriber, checkId(id)), 'messages')
}

/**
 * Deletes the dead letter of one message, or all dead letters of a subscriber. Returns the message
 * ids.
 *
 * @throws HoldfastError `message-list-invalid` if the id is not a UUID.
 *
 * @example
 * ```ts
 * const ids = await skipDeadMessages(pool, 'webhooks')
 * ```
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
  /** Only messages of this event. Default: all events. */
  readonly event?: string
  /** Only messages with this key. Default: all keys. */
  readonly key?: string
  /** Only messages published at this time or later. Default: all. */
  readonly since?: Date
  /** Only messages published before this time. Default: all. */
  readonly until?: Date
  /**
   * `true`: only messages that are not dispatched yet; `false`: only dispatched messages. Default:
   * both.
   */
  readonly isNew?: boolean
  /** Id of the last message on the previous page. Default: the first page. */
  readonly after?: string
  /** Max number of messages, 1 to 1,000. Default 50. */
  readonly limit?: number
}

/** A stored message. */
export interface StoredMessage {
  readonly id: string
  readonly event: string
  readonly key: string
  readonly payload: Json
  /**
   * The message's position in the message log, as a decimal integer; `null` if it has not been
   * dispatched yet.
   */
  readonly position: string | null
  readonly publishedAt: Date
  readonly traceparent: string | null
  /** The tenant of the call that published the message; `null` for no tenant. */
  readonly tenant: string | null
}

/**
 * Lists stored messages, newest first.
 *
 * @throws HoldfastError `message-list-invalid` if the limit or the id is invalid.
 *
 * @example
 * ```ts
 * const messages = await listMessages(pool, { event: 'order.placed', key: 'order-7', limit: 10 })
 * ```
 */
export async function listMessages(
  client: StatementClient,
  options: ListMessagesOptions = {},
): Promise<readonly StoredMessage[]> {
  const { event = null, key = null, since = null, until = null, isNew = null } = options
  const { after = null, limit = defaultListed } = options
  checkLimit(limit, listInvalid)
  if (after !== null && !isUuid(after))
    throw listInvalid(`the id ${JSON.stringify(after)}`, 'the id of the last message of the previous page')
  return runStatement<StoredMessage>(
    client,
    listMessageRows({ event, key, since, until, isNew, after, limit }),
  )
}

/**
 * Dispatches messages again, after all others: relays send them and subscribers handle them again.
 * A consumer ignores a message that it has already consumed. Returns the ids of the messages that
 * still exist.
 *
 * @throws HoldfastError `message-list-invalid` if an id is not a UUID.
 *
 * @example
 * ```ts
 * const messages = await listMessages(pool, { since: new Date('2026-01-01') })
 * await republish(
 *   pool,
 *   messages.map(({ id }) => id),
 * )
 * ```
 */
export async function republish(client: StatementClient, ids: readonly string[]): Promise<readonly string[]> {
  for (const id of ids) if (!isUuid(id)) throw listInvalid(`the id ${JSON.stringify(id)}`, 'a UUID')
  return runAndNotify(client, forgetPositions(ids), 'published')
}

interface ChangedRow {
  readonly id: string
  readonly service: string
  readonly event: string
}

/**
 * Runs a statement that makes messages readable or dispatchable again, and notifies the processes
 * that read or dispatch them. Returns the ids of the messages.
 */
async function runAndNotify(
  client: StatementClient,
  statement: Statement,
  kind: WakeKind,
): Promise<readonly string[]> {
  return inTransaction(client, async (within) => {
    const rows = await runStatement<ChangedRow>(within, statement)
    const wakes = [...Map.groupBy(rows, ({ service }) => service)].map(([service, own]) => ({
      kind,
      service,
      names: new Set(own.map(({ event }) => event)),
    }))
    if (wakes.length > 0) await runStatement(within, notify(wakes))
    return rows.map(({ id }) => id)
  })
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
