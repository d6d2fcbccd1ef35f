/** The parameters of a seal. Data opens only with the parameters it was sealed with. */
export interface Sealing {
  /** The kind of the data, such as `'idempotency-answer'`. A constant, unique in the service. */
  readonly purpose: string
  /**
   * The identity of the data, such as the ids of its row: sealed data moved to a different row does
   * not open. Default: none.
   */
  readonly context?: readonly string[]
  /**
   * A secret required in addition to the secret keys, with at least 122 random bits. Default: none.
   */
  readonly keyMaterial?: string
}

/** The secret keys of a service, for data that is stored in the database, and for derived keys. */
export interface Sealer {
  /**
   * Returns keys of 32 bytes for a purpose, one for each secret key, the newest first. Use the
   * first one for new data. The purpose is a constant, unique in the service.
   */
  deriveKeys(purpose: string): readonly Uint8Array[]
  /** Encrypts data with the newest secret key. */
  seal(plain: Uint8Array, sealing: Sealing): Uint8Array
  /**
   * Decrypts data that any of the secret keys has sealed.
   *
   * @throws HoldfastError `secret-key-unknown` if the secret key of the data is not in the list;
   *   `sealed-data-invalid` if the data was altered, or sealed with different parameters.
   */
  open(sealed: Uint8Array, sealing: Sealing): Uint8Array
}
