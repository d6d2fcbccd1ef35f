/** Creates the error for a value; `what` continues a sentence about it. */
export interface InvalidJson {
  (what: string, cause?: unknown): Error
}

/**
 * Returns a value as JSON text, as it is now: later changes by the caller have no effect.
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
