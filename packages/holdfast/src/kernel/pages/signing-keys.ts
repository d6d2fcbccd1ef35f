/** A key that signs values handed to clients. */
export interface SigningKey {
  /** Identifies the key within the service, 0 to 255. */
  readonly id: number
  /** The secret, at least 16 bytes. */
  readonly secret: Uint8Array
}

/** The signing keys of a service, the same in all of its processes. */
export interface SigningKeys {
  /** The keys, newest first. The first key signs; signatures of all keys are accepted. */
  readonly keys: readonly SigningKey[]
  /** Reads the keys again: another process may have added one. */
  refresh(): Promise<readonly SigningKey[]>
}

/**
 * Returns a key that exists only in this process. Its signatures are valid until the process ends.
 */
export function ephemeralSigningKeys(): SigningKeys {
  const keys = [{ id: 1, secret: crypto.getRandomValues(new Uint8Array(32)) }]
  return { keys, refresh: () => Promise.resolve(keys) }
}
