import { flushCompileCache, getCompileCacheDir } from 'node:module'

// After this delay, the functions that the first requests use are compiled too, so the cache
// includes them.
const delayMs = 1_000

let isPlanned = false

/**
 * Writes the compile cache of this process soon, if it has one. Without this, Node writes it only
 * on exit, and not at all if the process is killed. Does not keep the process alive.
 */
export function flushCompileCacheSoon(): void {
  if (isPlanned || getCompileCacheDir() === undefined) return
  isPlanned = true
  setTimeout(flushCompileCache, delayMs).unref()
}
