import type { Bench } from './benchmark.ts'
import { Processes } from './processes.ts'

/** The resources of one benchmark. They are released when it ends. */
export class Session implements AsyncDisposable {
  readonly processes: Processes = new Processes()
  readonly #cleanUps = new AsyncDisposableStack()

  /** Returns the context of the benchmark. */
  toBench(settings: Pick<Bench, 'rounds' | 'seconds' | 'notify'>): Bench {
    return {
      ...settings,
      processes: this.processes,
      atEnd: (cleanUp) => this.#cleanUps.defer(cleanUp),
    }
  }

  /** Processes are stopped first, because they use the other resources. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.processes[Symbol.asyncDispose]()
    await this.#cleanUps.disposeAsync()
  }
}
