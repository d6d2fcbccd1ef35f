/**
 * Blocks callers until the expected number of them has arrived, and then starts again with the next
 * callers.
 */
export interface Barrier {
  arrive(): Promise<void>
}

export function createBarrier(expected: number): Barrier {
  const waiting: (() => void)[] = []
  return {
    arrive() {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      if (waiting.length === expected) for (const pass of waiting.splice(0)) pass()
      return promise
    },
  }
}
