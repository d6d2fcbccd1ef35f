import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The stored row of a final answer. */
export interface AnswerRow {
  readonly fingerprint: Buffer
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string | null
}

/** The name of a leaf of the ring. */
export function leafName(leaf: number): string {
  return `holdfast.idempotency_keys_${leaf}`
}

/**
 * Returns a query that reads a key's answer from the given leaves. The query stops at the first
 * leaf with the answer. `parameter` is the placeholder for the key's id.
 */
export function answerIn(leaves: readonly number[], parameter: string): string {
  return leaves
    .map(
      (leaf) => `(select fingerprint, status, headers, body from ${leafName(leaf)} where id = ${parameter})`,
    )
    .join('\nunion all\n')
}

/** Returns a function that calls `build` once for each list of leaves, and caches the result. */
export function perLeaves<T>(build: (leaves: readonly number[]) => T): (leaves: readonly number[]) => T {
  const built = new Map<string, T>()
  const byList = new WeakMap<readonly number[], T>()
  return (leaves) => {
    const known = byList.get(leaves)
    if (known !== undefined) return known
    const name = leaves.join('_')
    const value = built.get(name) ?? build(leaves)
    built.set(name, value)
    byList.set(leaves, value)
    return value
  }
}

const readText = perLeaves((leaves) => ({
  name: `holdfast_read_answer_${leaves.join('_')}`,
  text: `select * from (${answerIn(leaves, '$1')}) as found limit 1`,
}))

/** Reads the stored answer of a key. */
export function readAnswer(id: string, leaves: readonly number[]): Statement {
  return { ...readText(leaves), values: [id] }
}
