import type { Access } from './access.ts'
import { signedIn } from './caller-rules.ts'
import type { User } from '../caller.ts'
import type { Problem } from '../../problem/problem.ts'
import { createRowRule, type RowLoad } from './row-rule.ts'

/** A rule that admits the owner of a row. `Where` is a condition of the query builder. */
export interface OwnedRow<Row extends object, Input, Where> extends Access<User, Row, Input> {
  /**
   * Returns the condition for the rows that the rule admits. With it, a list shows exactly the rows
   * that the other operations admit, because the same columns decide.
   */
  readonly where: (caller: User) => Where
}

/** Options of the query builders' `owns` rules. */
export interface OwnsOptions<Field extends string> {
  /** The input field with the id of the row. Default `'id'`. */
  readonly input?: Field
  /**
   * The response if a different caller owns the row. `'hidden'`: the same 404 as for a row that
   * does not exist. `'forbidden'`: 403. Default `'hidden'`.
   */
  readonly denied?: 'hidden' | 'forbidden'
  /** The 404 of a row that does not exist or is hidden. Default: the problem `not-found`. */
  readonly missing?: Problem
}

/** The part of an `owns` rule that depends on the query builder. */
export interface OwnedRowParts<Row extends object, Key, Where> {
  /** The rule as written in the source. */
  readonly name: string
  /**
   * Loads the row with the id `key`, and locks it if `locks` is true. If `ownedOnly` is true, the
   * statement's condition includes the owner, so that a different caller's row is neither read nor
   * locked.
   */
  readonly find: (
    request: RowLoad<Key, User, unknown, unknown>,
    ownedOnly: boolean,
  ) => Promise<Row | undefined>
  /** Returns true if the caller owns a row that `find` loaded without checking its owner. */
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
