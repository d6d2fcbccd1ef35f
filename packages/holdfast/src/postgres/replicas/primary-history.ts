/** How far the log of the primary was, and when, for as long as that tells how far replicas are behind. */
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

  /** Up to when a replica that has come to a position has everything, in milliseconds; `undefined` where that is longer ago than is kept. */
  reachedMs(position: bigint): number | undefined {
    return this.#samples.findLast((sample) => sample.position <= position)?.atMs
  }
}
