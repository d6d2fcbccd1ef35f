/** Runs a read in its own Prisma transaction. */
export type ReadAlone = (read: (transaction: object) => Promise<unknown>) => Promise<unknown>

type Method = (...values: readonly unknown[]) => unknown
type Members = Readonly<Record<string | symbol, unknown>>
/** Returns Prisma's promise of a read, which is not sent until it is awaited. */
type Read = (transaction: object) => unknown

/**
 * Returns a Prisma client that runs each read in its own Prisma transaction: `db.user.findMany()`,
 * `db.user.findUnique(…).posts()` and `db.$queryRaw`. Identifiers and access rules use it: they
 * have no common transaction, because a call that reads nothing must not start one.
 */
export function readEachAlone(client: object, alone: ReadAlone): object {
  const members = client as Members
  return new Proxy(client, {
    get(_, name) {
      const member = members[name]
      if (typeof member === 'function') return deferred(alone, (transaction) => transaction, name)
      if (typeof member !== 'object' || member === null) return member
      return new Proxy(member, {
        get: (model, method) =>
          typeof (model as Members)[method] === 'function'
            ? deferred(alone, (transaction) => (transaction as Members)[name], method)
            : (model as Members)[method],
      })
    },
  })
}

const settling = new Set<string | symbol>(['then', 'catch', 'finally'])

/**
 * Returns a method that reads when its result is awaited. The result also has the relation methods:
 * `db.user.findUnique(…).posts()`.
 */
function deferred(alone: ReadAlone, owner: Read, name: string | symbol): Method {
  return (...values) => {
    const read: Read = (transaction) => {
      const members = owner(transaction) as Record<string | symbol, Method>
      return members[name]!(...values)
    }
    let result: Promise<unknown> | undefined
    const settled = (): Promise<unknown> => (result ??= alone(async (transaction) => read(transaction)))
    return new Proxy(
      {},
      {
        get(_, key) {
          if (typeof key === 'symbol') return undefined
          if (!settling.has(key)) return deferred(alone, read, key)
          return (...handlers: readonly unknown[]) =>
            (settled() as unknown as Record<string, Method>)[key]!(...handlers)
        },
      },
    )
  }
}
