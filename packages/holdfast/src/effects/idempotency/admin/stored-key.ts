/** An idempotency key with a stored answer, but without the answer itself. */
export interface ListedKey {
  /** Name of the service that the key was sent to. */
  readonly service: string
  /** The caller's tenant, kind and id as a JSON array; empty for anonymous callers. */
  readonly scope: string
  /** The key. If the answer is sealed: `sha256:` followed by the key's hash. */
  readonly key: string
  /** The HTTP status of the answer. */
  readonly status: number
  /** Size of the answer's body, in bytes. */
  readonly bodyBytes: number
  readonly createdAt: Date
  /** True if the answer is encrypted. Only a retry with the key can decrypt it. */
  readonly isSealed: boolean
}

/**
 * A key with its stored answer, which retries receive. For a sealed answer, neither headers nor
 * body are included.
 */
export interface StoredKey extends ListedKey {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}
