/**
 * Checks the changed text of a secret. Returns the function that applies the change.
 *
 * @throws HoldfastError if the text is invalid. The previous value then stays in use.
 */
export type AcceptChange = (text: string) => Promise<() => void>

/** The secrets that may change while the service runs: those from files and secret managers. */
export interface SecretChanges {
  /**
   * Calls `accept` with each changed text of a variable. Does nothing if the variable cannot
   * change. A change is applied only if all receivers of the variable accept the text.
   */
  watch(name: string, accept: AcceptChange): void
  /**
   * Reads all secrets again, because a value in use was refused. Calls at the same time share one
   * read, and reads are at least a second apart. Resolves when all changes are applied. Never
   * rejects.
   */
  refresh(): Promise<void>
}
