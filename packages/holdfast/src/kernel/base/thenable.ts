/**
 * Returns true if a value can be awaited. Some query builders return thenables that are typed as
 * promises without being promises.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  )
}

// Work that usually finishes synchronously, such as parsing with a synchronous schema, returns its
// result without a promise. The functions below run code after such work. The stages of a call do
// not use these functions, because an extra closure per stage and call made the pipeline 3 %
// slower.

/**
 * Passes a value to `use` and returns the result. If the value is a promise, returns a promise of
 * the result.
 */
export function andThen<T, R>(value: T | Promise<T>, use: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(use) : use(value)
}

/**
 * Passes the value of work to `use`, or its error to `recover`, and returns the result. If the work
 * returns a promise, returns a promise of the result. Errors of `use` are not passed to `recover`.
 */
export function settle<T, R>(
  work: () => T | Promise<T>,
  use: (value: T) => R,
  recover: (error: unknown) => R,
): R | Promise<R> {
  let value: T | Promise<T>
  try {
    value = work()
  } catch (error) {
    return recover(error)
  }
  return value instanceof Promise ? value.then(use, recover) : use(value)
}

/**
 * Calls `end` when a promise settles, and returns the promise's outcome. Creates one promise,
 * whereas `finally` creates three.
 */
export function endingWith<T>(work: Promise<T>, end: () => void): Promise<T> {
  return work.then(
    (value) => {
      end()
      return value
    },
    (error: unknown) => {
      end()
      throw error
    },
  )
}

/** Returns all values. The result is a promise only if one of the values is a promise. */
export function allOf<T>(values: readonly (T | Promise<T>)[]): readonly T[] | Promise<readonly T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[])
}
