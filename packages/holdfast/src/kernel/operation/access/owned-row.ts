import type { Access } from './access.ts'
import { signedIn } from './caller-rules.ts'
import type { User } from '../caller.ts'
import type { Problem } from '../../problem/problem.ts'
import { createRowRule, type RowLoad } from './row-rule.ts'

/** A rule that admits the owner of a row. `Where` is a condition of the query builder. */
export interface OwnedRow<Row extends object, Input, Where> extends Access<User, Row, Input> {
  /**
   * Returns the condition of the rows that the rule admits, for lists: the same columns decide, so
   * that a list shows exactly the rows that the other operations admit.
   */
  readonly where: (caller: User) => Where
}

/** Options of the rules `owns` of the query builders. */
export interface OwnsOptions<Field extends string> {
  /** The field of the input that contains the id of the row. Default `'id'`. */
  readonly input?: Field
  /**
   * The response if another caller owns the row. `'hidden'`: the same 404 as for a row that does
   * not exist. `'forbidden'`: 403. Default `'hidden'`.
   */
  readonly denied?: 'hidden' | 'forbidden'
  /** The 404 of a row that does not exist or is hidden. Default: the problem `not-found`. */
  readonly missing?: Problem
}

/** The part of a rule `owns` that depends on the query builder. */
export interface OwnedRowParts<Row extends object, Key, Where> {
  /** The rule as written in the source. */
  readonly name: string
  /**
   * Loads the row with the id `key`, and locks it if `locks` is true. If `ownedOnly` is true, the
   * condition of the statement includes the owner: the row of another caller is neither read nor
   * locked.
   */
  readonly find: (
    request: RowLoad<Key, User, unknown, unknown>,
    ownedOnly: boolean,
  ) => Promise<Row | undefined>
  /** Returns true if the caller owns a row that `find` has loaded without its owner. */
  readonly isOwned: (row: Row, caller: User) => boolean
  readonly where: (caller: User) => Where
}

/** Returns the rule that admits the owner of a row. */
export function createOwnedRow<Row extends object, Key, Where, Field extends string>(
  { name, find, isOwned, where }: OwnedRowParts<Row, Key, Where>,
  { input = 'id' as Field, denied = 'hidden', missing }: OwnsOptions<Field>,
): OwnedRow<Row, { readonly [F in Field]: Key }, Where> {
  const ownedOnly = denied === 'hidden'
  const rule = createRowRule(name, {
    key: (given: { readonly [F in Field]: Key }) => given[input],
    callers: signedIn(),
    load: (request) => find(request, ownedOnly),
    allow: ({ row, caller }) => ownedOnly || isOwned(row, caller),
    denied,
    ...(missing ? { missing } : {}),
  })
  return { ...rule, where }
}
