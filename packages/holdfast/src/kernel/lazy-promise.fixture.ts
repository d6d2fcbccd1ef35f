/** A value as query builders give theirs: typed as a promise, and no more than something that can be awaited. */
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
