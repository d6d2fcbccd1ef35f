/**
 * Makes a function that has `work` done after each call, however many calls there are: once for all that came while it was being done
 * before. The promise is of a run that began after the call. `work` may reject: so does the promise, and the next call does it again.
 */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  function run(): Promise<void> {
    running = work().finally(() => (running = undefined))
    return running
  }

  return () => {
    if (!running) return run()
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        return run()
      })
    return next
  }
}
