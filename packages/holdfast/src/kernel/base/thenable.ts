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
