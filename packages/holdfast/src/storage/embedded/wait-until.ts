import { pause } from '../../kernel/base/wait.ts'

const pollMs = 5

/**
 * Polls a cheap condition. Resolves to `false` if the condition does not become true within
 * `timeoutMs`.
 */
export async function waitUntil(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) return false
    await pause(pollMs)
  }
  return true
}
