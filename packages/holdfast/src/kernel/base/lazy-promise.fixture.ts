/**
 * Returns a value in a thenable that is typed as a promise but is not a promise, as query builders
 * do.
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
