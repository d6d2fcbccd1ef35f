/**
 * Returns a value as query builders return it: as a thenable that is typed as a promise, but is not
 * a promise.
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
