import { createRedactor, type Json } from 'holdfast'

const redactor = createRedactor()

/** Returns stored data without the values whose names suggest a secret, at any depth. */
export function redactJson(value: Json): Json {
  return redactor.fields({ value })['value'] as Json
}

/**
 * Removes two kinds of secrets from a text: passwords in URLs, and tokens in `Authorization`
 * headers.
 */
export function redactText(text: string): string {
  return redactor.text(text)
}
