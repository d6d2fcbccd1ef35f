import type { EventType } from '../../kernel/background/event.ts'
import { toJsonText } from '../../kernel/base/json-text.ts'
import { isStorableText } from '../../kernel/base/storable-text.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { summarizeIssues } from '../../kernel/schema/schema.ts'
import { type StoredInput, storedInputOf } from '../../kernel/schema/stored-input.ts'
import { uuidv7 } from '../../kernel/base/uuid-v7.ts'
import { toSubjects } from '../../kernel/background/subject.ts'
import { andThen } from '../../kernel/base/thenable.ts'

/** The row of a message to insert. */
export interface MessageRow {
  /** A UUIDv7. */
  readonly id: string
  readonly event: string
  readonly key: string
  /** The payload as JSON, reduced to the members that the event's schema declares. */
  readonly payload: string
  readonly subjects?: readonly string[]
}

const maxKeyLength = 255
// Brokers typically accept at most 1 MB. Larger data is stored elsewhere and referenced by the
// message.
const maxPayloadBytes = 256 * 1_024

/**
 * Returns the row of a message. Returns a promise only if the schema of its payload is
 * asynchronous.
 *
 * @throws HoldfastError `message-invalid`.
 */
export function toMessageRow(
  event: EventType,
  key: string,
  payload: unknown,
): MessageRow | Promise<MessageRow> {
  checkKey(event, key)
  return andThen(storedInputOf(event.payload)(payload), (read) => rowOf(event, key, read))
}

function rowOf(event: EventType, key: string, read: StoredInput): MessageRow {
  if (read.issues) {
    const issues = summarizeIssues(read.issues)
    throw messageInvalid(event, `has a payload that does not match the schema of the event: ${issues}`)
  }
  const row = { id: uuidv7(), event: event.name, key, payload: payloadOf(event, read.stored) }
  const subjects = toSubjects(
    event.subjectsOf?.(read.value as never),
    `A message of the event "${event.name}"`,
  )
  return subjects.length === 0 ? row : { ...row, subjects }
}

function checkKey(event: EventType, key: string): void {
  if (key === '' || key.length > maxKeyLength)
    throw messageInvalid(event, `has a key of ${key.length} characters; it must have 1 to ${maxKeyLength}`)
  if (!isStorableText(key))
    throw messageInvalid(event, 'has a key with U+0000 or an unpaired surrogate, which cannot be stored')
}

function payloadOf(event: EventType, payload: unknown): string {
  const text = toJsonText(payload, (what, cause) =>
    messageInvalid(event, `has a payload that ${what}`, cause),
  )
  const bytes = Buffer.byteLength(text)
  if (bytes > maxPayloadBytes) {
    throw messageInvalid(
      event,
      `has a payload of ${bytes} bytes, but the max is ${maxPayloadBytes}; store large data elsewhere and publish its location`,
    )
  }
  return text
}

function messageInvalid(event: EventType, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('message-invalid', `A message of the event "${event.name}" ${what}.`, { cause })
}
