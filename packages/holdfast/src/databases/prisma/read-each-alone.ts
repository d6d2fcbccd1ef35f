/** Runs a read in a Prisma transaction of its own. */
export type ReadAlone = (read: (transaction: object) => Promise<unknown>) => Promise<unknown>

type Method = (...values: readonly unknown[]) => Promise<unknown>
type Members = Readonly<Record<string | symbol, unknown>>

/**
 * Returns a Prisma client each of whose reads is a Prisma transaction of its own:
 * `db.user.findMany()` and `db.$queryRaw`. Identifiers and access rules use it: they have no common
 * transaction, because a call that reads nothing must not start one.
 */
export function readEachAlone(client: object, alone: ReadAlone): object {
  const members = client as Members
  return new Proxy(client, {
    get(_, name) {
      const member = members[name]
      if (typeof member === 'function') {
        return (...values: unknown[]) => alone((transaction) => invoke(transaction as Members, name, values))
      }
      if (typeof member !== 'object' || member === null) return member
      return new Proxy(member, {
        get: (model, method) =>
          typeof (model as Members)[method] === 'function'
            ? (...values: unknown[]) =>
                alone((transaction) => invoke((transaction as Members)[name] as Members, method, values))
            : (model as Members)[method],
      })
    },
  })
}

async function invoke(owner: Members, name: string | symbol, values: readonly unknown[]): Promise<unknown> {
  return (owner[name] as Method)(...values)
}
