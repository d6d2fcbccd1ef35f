/**
 * Hashes and verifies passwords. Implement it to accept the hashes of a different system: if
 * `needsRehash` returns true for them, each is replaced at its account's next sign-in.
 */
export interface PasswordHasher {
  /** Returns the hash of a password, with its parameters and its salt. */
  hash(password: string): Promise<string>
  /**
   * Returns true if the password matches the hash, whose parameters may differ from those of new
   * hashes. Compares in constant time.
   */
  verify(password: string, hash: string): Promise<boolean>
  /** Returns true if the parameters of the hash differ from those of new hashes. */
  needsRehash(hash: string): boolean
}
