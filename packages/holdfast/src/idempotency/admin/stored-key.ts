/** An idempotency key with a stored answer, without that answer. */
export interface ListedKey {
  /** Name of the service that the key was sent to. */
  readonly service: string
  /** Whose it is: tenant, kind and id of the caller as a JSON array; empty where nobody was known. */
  readonly scope: string
  readonly key: string
  /** The HTTP status of the answer. */
  readonly status: number
  /** How long the body of the answer is, in bytes. */
  readonly bodyBytes: number
  readonly createdAt: Date
}

/** A key with the answer that a further call with it is given. */
export interface StoredKey extends ListedKey {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}
