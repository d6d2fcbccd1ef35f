/**
 * Returns a function that runs `work` after each call, and merges calls: all calls made during a
 * run share the next run. Each call returns a promise for a run that starts after the call. The
 * promise rejects if `work` rejects; the next call runs `work` again.
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
