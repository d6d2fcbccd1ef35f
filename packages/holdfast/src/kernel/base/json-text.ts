/**
 * Creates the error for an invalid value. `what` is the message without its subject:
 * `is undefined, …`.
 */
export interface InvalidJson {
  (what: string, cause?: unknown): Error
}

/**
 * Returns a value as JSON text. Later changes to the value do not affect the text.
 *
 * @throws The error of `invalid` if JSON cannot represent it.
 */
export function toJsonText(value: unknown, invalid: InvalidJson): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    throw invalid('cannot be represented in JSON', error)
  }
  if (text === undefined) throw invalid(`is ${typeof value}, which JSON cannot represent`)
  return text
}
