/**
 * The argument of a nested `$transaction`: a function that receives a client, or an array of
 * statements not sent yet.
 */
type Nested = ((part: object) => unknown) | readonly PromiseLike<unknown>[]

type Transact = (run: (part: object) => unknown, options?: object) => Promise<unknown>

/**
 * Wraps the client of a transaction so that its `$transaction([…])` is nested in that transaction
 * too. Prisma would send such an array as a transaction of the root client, and an array with one
 * element as a statement without a transaction.
 */
export function withNestedArrays<Client extends object>(client: Client): Client {
  return new Proxy(client, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (key !== '$transaction') return value
      const transact = (value as Transact).bind(target)
      return (work: Nested, options?: object) =>
        typeof work === 'function'
          ? transact((part) => work(withNestedArrays(part)), options)
          : transact(() => inOrder(work), options)
    },
  })
}

async function inOrder(statements: readonly PromiseLike<unknown>[]): Promise<unknown[]> {
  const results: unknown[] = []
  for (const statement of statements) results.push(await statement)
  return results
}
