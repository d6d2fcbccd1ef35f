/** The longest timeout of the running attempts. */
export class LongestTimeout {
  /** The number of running attempts per timeout in milliseconds: one entry per distinct timeout. */
  readonly #counts = new Map<number, number>()

  /** The longest timeout, in milliseconds; 0 if no attempt runs. */
  get ms(): number {
    return Math.max(0, ...this.#counts.keys())
  }

  add(timeoutMs: number): void {
    this.#counts.set(timeoutMs, (this.#counts.get(timeoutMs) ?? 0) + 1)
  }

  remove(timeoutMs: number): void {
    const left = (this.#counts.get(timeoutMs) ?? 0) - 1
    if (left > 0) this.#counts.set(timeoutMs, left)
    else this.#counts.delete(timeoutMs)
  }
}
