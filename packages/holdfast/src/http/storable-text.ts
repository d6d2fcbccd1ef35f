import { BadRequest } from '../kernel/problems.ts'

/**
 * Refuses text that cannot be kept as it is: U+0000, which Postgres has no room for, and half of a surrogate pair, which is no
 * character and becomes another one on its way. Throws `BadRequest`.
 */
export function refuseUnstorable(text: string, part: string): void {
  if (text.includes('\0')) throw BadRequest({ detail: `The ${part} has a text with the character U+0000.` })
  if (!text.isWellFormed()) {
    throw BadRequest({ detail: `The ${part} has a text with half of a surrogate pair.` })
  }
}

/** The same for every text of a JSON value, the names of members among them. */
export function refuseUnstorableJson(value: unknown): void {
  if (typeof value === 'string') refuseUnstorable(value, 'body')
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    refuseUnstorable(name, 'body')
    refuseUnstorableJson(member)
  }
}
