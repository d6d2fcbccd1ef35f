import type { EventType } from '../kernel/event.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { summarizeIssues } from '../kernel/schema.ts'
import { type StoredInput, storedInputOf } from '../kernel/stored-input.ts'
import { uuidv7 } from '../kernel/uuid-v7.ts'

/** A message as it is inserted. */
export interface MessageRow {
  /** A UUID of version 7. */
  readonly id: string
  readonly event: string
  readonly key: string
  /** JSON of what the event declares. */
  readonly payload: string
}

const longestKey = 255
// What is larger is kept elsewhere, and named in the message: brokers take 1 MB at most as a rule.
const longestPayload = 256 * 1_024

/**
 * Makes the row of a message that is published; at once where the schema of its payload is synchronous.
 *
 * @throws HoldfastError `message-invalid`.
 */
export function toMessageRow(
  event: EventType,
  key: string,
  payload: unknown,
): MessageRow | Promise<MessageRow> {
  checkKey(event, key)
  const made = storedInputOf(event.payload)(payload)
  const make = (read: StoredInput): MessageRow => {
    if (read.issues) {
      const issues = summarizeIssues(read.issues)
      throw messageInvalid(event, `has a payload that is not what the event declares: ${issues}`)
    }
    return { id: uuidv7(), event: event.name, key, payload: toJsonText(event, read.stored) }
  }
  return made instanceof Promise ? made.then(make) : make(made)
}

function checkKey(event: EventType, key: string): void {
  if (key === '' || key.length > longestKey)
    throw messageInvalid(event, `has a key of ${key.length} characters; give it 1 to ${longestKey}`)
  if (key.includes('\0') || !key.isWellFormed())
    throw messageInvalid(event, 'has a key with U+0000 or half of a surrogate pair, which cannot be stored')
}

/** The payload as it is now: what its handler does with it afterwards is not published. */
function toJsonText(event: EventType, payload: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(payload)
  } catch (error) {
    throw messageInvalid(event, 'has a payload that JSON cannot carry', error)
  }
  if (text === undefined) throw messageInvalid(event, 'has a payload that JSON cannot carry')
  const bytes = Buffer.byteLength(text)
  if (bytes > longestPayload) {
    throw messageInvalid(
      event,
      `has a payload of ${bytes} bytes, of which ${longestPayload} are allowed; store what is large, and publish where it is`,
    )
  }
  return text
}

function messageInvalid(event: EventType, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('message-invalid', `A message of the event "${event.name}" ${what}.`, { cause })
}
