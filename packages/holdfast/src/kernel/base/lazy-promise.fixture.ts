/** Returns a value the way query builders do: typed as a promise, but only awaitable. */
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
