import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 5

/** Polls a cheap condition. Resolves to `false` if it was not true within `timeoutMs`. */
export async function waitUntil(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) return false
    await sleep(pollMs)
  }
  return true
}
