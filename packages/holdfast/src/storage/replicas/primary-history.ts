/**
 * The positions of the primary's write-ahead log over time, kept for as long as needed to compute
 * the lag of replicas.
 */
export class PrimaryHistory {
  readonly #keptMs: number
  #samples: { readonly atMs: number; readonly position: bigint }[] = []

  constructor(keptMs: number) {
    this.#keptMs = keptMs
  }

  note(position: bigint, atMs: number): void {
    this.#samples.push({ position, atMs })
    const oldestMs = atMs - this.#keptMs
    while (this.#samples.length > 1 && this.#samples[1]!.atMs <= oldestMs) this.#samples.shift()
  }

  /**
   * Returns the time up to which a replica at this position has all changes, in milliseconds;
   * `undefined` if that is before the start of the history.
   */
  reachedMs(position: bigint): number | undefined {
    return this.#samples.findLast((sample) => sample.position <= position)?.atMs
  }
}
