import type { Access, AccessDecision } from './access.ts'
import { identified } from './caller-rules.ts'
import type { Caller } from '../caller.ts'
import { isThenable } from '../../base/thenable.ts'
import { type Problem, ProblemError } from '../../problem/problem.ts'
import { Forbidden, NotFound } from '../../problem/problems.ts'
import { RowCheck, type RowRequest } from './row-check.ts'

/** The parts of a call that a row rule's `load` function receives. */
export interface RowLoad<Key, C extends Caller, Db, Values> extends Omit<
  RowRequest<unknown, Db, Values>,
  'input'
> {
  /** The key of the row, from the input. */
  readonly key: Key
  /** The caller, narrowed by `callers`. */
  readonly caller: C
}

/** Options of `row` of an application. */
export interface RowDefinition<Input, Key, C extends Caller, Row extends object, Db, Values> {
  /**
   * Returns the key of the row from the input. The type of its parameter is the input that an
   * operation with this rule needs: `(input: { id: string }) => input.id`.
   */
  readonly key: (input: Input) => Key
  /**
   * The rule about the caller, which runs before the input is read. Default: every caller with an
   * identity.
   */
  readonly callers?: Access<C>
  /**
   * Loads the row; `undefined` if there is no such row. If `locks` is true, lock the row with
   * `for update`. Include the owner in the statement's condition, so that it never locks another
   * caller's row.
   */
  readonly load: (request: RowLoad<Key, C, Db, Values>) => Row | undefined | Promise<Row | undefined>
  /** Returns true if the caller may use the row. Default: every row that `load` returns. */
  readonly allow?: (
    request: RowLoad<Key, C, Db, Values> & { readonly row: Row },
  ) => boolean | Promise<boolean>
  /**
   * The response if `allow` returns false. `'hidden'`: the same 404 as for a row that does not
   * exist, so that the caller cannot find out that it exists. `'forbidden'`: 403. Default
   * `'hidden'`.
   */
  readonly denied?: 'hidden' | 'forbidden'
  /** The 404 of a row that does not exist or is hidden. Default: the problem `not-found`. */
  readonly missing?: Problem
}

/** Returns a row rule. See `row` of an application. */
export function createRowRule<Input, Key, C extends Caller, Row extends object>(
  name: string,
  definition: RowDefinition<Input, Key, C, Row, unknown, unknown>,
): Access<C, Row, Input> {
  const { key, load, allow, denied = 'hidden', missing = NotFound } = definition
  const callers = definition.callers ?? (identified() as unknown as Access<C>)
  const checkFor = (caller: C): RowCheck<C, Row, Input> =>
    new RowCheck(caller, async ({ input, ...parts }) => {
      const request = { ...parts, key: key(input), caller }
      const row = await load(request)
      if (!row) return missing()
      if (!allow || (await allow({ ...request, row }))) return { caller, row }
      return denied === 'forbidden' ? Forbidden() : missing()
    })
  const proceed = (decision: AccessDecision<C, undefined, unknown>): AccessDecision<C, Row, Input> =>
    // The types exclude a row check here. If there is one, it is passed on as the caller, and no
    // stage accepts it.
    decision instanceof ProblemError ? decision : checkFor(decision as C)
  return {
    name,
    checksRow: true,
    admits: { kinds: ['user', 'service'], always: false },
    problems: [missing, ...(callers.problems ?? [])],
    combines: { need: 'all', rules: [callers] },
    authorize(request) {
      const decision = callers.authorize(request)
      return isThenable(decision) ? Promise.resolve(decision).then(proceed) : proceed(decision)
    },
  }
}
