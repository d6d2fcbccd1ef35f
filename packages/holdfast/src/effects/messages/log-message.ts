import type { PublishedMessage } from '../../kernel/background/event.ts'
import type { Json } from '../../kernel/base/json.ts'
import type { NewMessageRow } from './queries/dispatch.ts'
import type { LogMessageRow } from './queries/subscriptions.ts'

/** Returns whether a row of a log window holds a message. */
export function isPresent(row: LogMessageRow): boolean {
  return row.id !== null
}

/** Converts a row to the message that it contains. */
export function toPublished(row: NewMessageRow | LogMessageRow): PublishedMessage {
  const { id, service, event, key, payload, traceparent, tenant, published_at, subjects } = row
  return {
    id: id!,
    service,
    event,
    key,
    payload: payload as Json,
    publishedAt: published_at,
    traceparent: traceparent ?? undefined,
    tenant: tenant ?? undefined,
    subjects: subjects ?? [],
  }
}
