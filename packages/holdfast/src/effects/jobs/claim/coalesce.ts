/**
 * Returns a function that runs `work` after each call and merges calls: all calls made during a run
 * share the next run. The returned promise belongs to a run that started after the call. If `work`
 * rejects, so does the promise; the next call runs it again.
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
