import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'

/** Starts a resource of a test. Disposing of the resource stops it. */
type Start<T> = () => Promise<T & AsyncDisposable>

/**
 * Starts a resource that all tests of a file share. Call it at the top level of the file. Its
 * members can be used in tests and hooks.
 */
export function duringFile<T extends object>(start: Start<T>): T {
  const { part, begin, end } = startedLater(start)
  beforeAll(begin)
  afterAll(end)
  return part
}

/** Starts a new resource for each test of a file. */
export function duringEachTest<T extends object>(start: Start<T>): T {
  const { part, begin, end } = startedLater(start)
  beforeEach(begin)
  afterEach(end)
  return part
}

function startedLater<T extends object>(start: Start<T>) {
  let started: (T & AsyncDisposable) | undefined
  const part = new Proxy({} as T, {
    get: (_, name) => Reflect.get(started!, name, started),
    set: (_, name, value) => Reflect.set(started!, name, value, started),
  })
  return {
    part,
    begin: async () => {
      started = await start()
    },
    end: async () => {
      await started?.[Symbol.asyncDispose]()
    },
  }
}
