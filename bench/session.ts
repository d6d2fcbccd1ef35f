import type { Bench } from './benchmark.ts'
import { Processes } from './processes.ts'

/** What one benchmark has begun; all of it ends with it. */
export class Session implements AsyncDisposable {
  readonly processes: Processes = new Processes()
  readonly #cleanUps = new AsyncDisposableStack()

  /** What the benchmark is given. */
  toBench(settings: Pick<Bench, 'rounds' | 'seconds' | 'notify'>): Bench {
    return {
      ...settings,
      processes: this.processes,
      atEnd: (cleanUp) => this.#cleanUps.defer(cleanUp),
    }
  }

  /** The processes first, since they use the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.processes[Symbol.asyncDispose]()
    await this.#cleanUps.disposeAsync()
  }
}
