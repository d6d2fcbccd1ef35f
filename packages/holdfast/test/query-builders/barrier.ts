/**
 * Blocks callers until the expected number has arrived, then lets them continue and starts over.
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
