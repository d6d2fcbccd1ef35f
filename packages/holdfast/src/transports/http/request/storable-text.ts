import { BadRequest } from '../../../kernel/problem/problems.ts'

/**
 * Rejects text that cannot be stored unchanged: U+0000, which Postgres does not support, and
 * unpaired surrogates, which are replaced when encoded. Throws `BadRequest`.
 */
export function rejectUnstorable(text: string, part: string): void {
  if (text.includes('\0'))
    throw BadRequest({ detail: `The ${part} contains the character U+0000 in a string; remove it.` })
  if (!text.isWellFormed()) {
    throw BadRequest({ detail: `The ${part} contains an unpaired surrogate.` })
  }
}

/**
 * Rejects a JSON value if any of its strings cannot be stored unchanged, including names of
 * members.
 */
export function rejectUnstorableJson(value: unknown): void {
  if (typeof value === 'string') rejectUnstorable(value, 'body')
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    rejectUnstorable(name, 'body')
    rejectUnstorableJson(member)
  }
}
