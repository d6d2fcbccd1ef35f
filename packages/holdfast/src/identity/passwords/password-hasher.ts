/**
 * The function that turns passwords into what a database stores. Implement it to verify the hashes
 * of another system: `needsRehash` returns true for them, and each is replaced at the next sign-in
 * of its account.
 */
export interface PasswordHasher {
  /** Returns the hash of a password, with its parameters and its salt. */
  hash(password: string): Promise<string>
  /**
   * Returns true if the password has this hash, which may have other parameters than new hashes.
   * Compares in constant time.
   */
  verify(password: string, hash: string): Promise<boolean>
  /** Returns true if the hash has other parameters than new hashes. */
  needsRehash(hash: string): boolean
}
