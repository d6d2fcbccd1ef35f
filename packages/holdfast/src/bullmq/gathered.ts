/** One of several that go together. */
interface Pending<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
}

const mostAtOnce = 500

/**
 * Makes a function that has what comes one by one done together: all that came while the last ones were being done. `work` gives a result for
 * each, in their order; where it rejects, so does each.
 */
export function gathered<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  const pending: Pending<Item, Result>[] = []
  let isRunning = false

  async function run(): Promise<void> {
    while (pending.length > 0) {
      const batch = pending.splice(0, mostAtOnce)
      try {
        const results = await work(batch.map(({ item }) => item))
        for (const [index, { resolve }] of batch.entries()) resolve(results[index]!)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isRunning = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      pending.push({ item, resolve, reject })
      if (isRunning) return
      isRunning = true
      // Those that come in the same turn go together.
      setImmediate(() => void run())
    })
}
