/**
 * Wraps a value in a thenable that is typed as a promise but is not one, like those of query
 * builders.
 */
export function lazyPromise<T>(value: T): Promise<T> {
  const promise = Promise.resolve(value)
  return new Proxy(
    {},
    {
      has: (_target, name) => name === 'then',
      get: (_target, name) => (name === 'then' ? promise.then.bind(promise) : undefined),
    },
  ) as Promise<T>
}
