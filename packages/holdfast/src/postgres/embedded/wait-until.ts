import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 5

/** Waits for a condition that is cheap to look at; `false` when it did not hold within `timeoutMs`. */
export async function waitUntil(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) return false
    await sleep(pollMs)
  }
  return true
}
