/** An idempotency key with a stored answer. The answer itself is not included. */
export interface ListedKey {
  /** Name of the service that the key was sent to. */
  readonly service: string
  /** The caller's tenant, kind and id as a JSON array; empty for anonymous callers. */
  readonly scope: string
  readonly key: string
  /** The HTTP status of the answer. */
  readonly status: number
  /** Size of the answer's body, in bytes. */
  readonly bodyBytes: number
  readonly createdAt: Date
}

/** A key with its stored answer, which retries receive. */
export interface StoredKey extends ListedKey {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}
