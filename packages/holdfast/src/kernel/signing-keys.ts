/** A key that something handed to clients is signed with. */
export interface SigningKey {
  /** Tells it from the others, 0 to 255. */
  readonly id: number
  /** At least 16 bytes. */
  readonly secret: Uint8Array
}

/** The keys of a service, the same in every process of it. */
export interface SigningKeys {
  /** The newest first: it signs, and all of them are recognized. */
  readonly keys: readonly SigningKey[]
  /** Reads them anew: another process may have been given a new one. */
  refresh(): Promise<readonly SigningKey[]>
}

/** A key of this process alone: what it signs is good for as long as it runs. */
export function ownSigningKeys(): SigningKeys {
  const keys = [{ id: 1, secret: crypto.getRandomValues(new Uint8Array(32)) }]
  return { keys, refresh: () => Promise.resolve(keys) }
}
