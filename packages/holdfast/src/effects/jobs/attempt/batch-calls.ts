/** An item that waits for the next batch. */
interface Pending<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
}

const maxBatch = 500

/**
 * Returns a function that batches its calls: all calls made while a batch runs form the next batch,
 * up to 500 at a time. `work` returns one result per item, in the same order. If `work` rejects,
 * every call in the batch rejects.
 */
export function batchCalls<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  const pending: Pending<Item, Result>[] = []
  let isRunning = false

  async function run(): Promise<void> {
    while (pending.length > 0) {
      const batch = pending.splice(0, maxBatch)
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
      // Calls made in the same turn of the event loop form one batch.
      setImmediate(() => void run())
    })
}
