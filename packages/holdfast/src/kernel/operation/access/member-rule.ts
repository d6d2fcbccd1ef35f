import type { Access } from './access.ts'
import { signedIn } from './caller-rules.ts'
import type { User } from '../caller.ts'
import type { Problem } from '../../problem/problem.ts'
import { createRowRule, type RowLoad } from './row-rule.ts'

/** Options of `members` of an application. */
export interface MembersDefinition<Group, Membership extends object, Role extends string, Db, Values> {
  /**
   * Loads the caller's membership in the group `key`; `undefined` if the caller is not a member.
   */
  readonly load: (
    request: RowLoad<Group, User, Db, Values>,
  ) => Membership | undefined | Promise<Membership | undefined>
  /** Returns the role, or the roles, of a member. */
  readonly roleOf: (membership: Membership) => Role | readonly Role[]
  /**
   * The 404 for people who are not members. They cannot find out that the group exists. Default:
   * the problem `not-found`.
   */
  readonly missing?: Problem
}

/**
 * Returns a rule that admits the members of a group: `member('org', 'admin')`.
 *
 * @param field the input field with the key of the group.
 * @param roles a member needs one of these roles, and gets a 403 without one. Default: every role.
 */
export type Member<Group, Membership extends object, Role extends string> = <const Field extends string>(
  field: Field,
  ...roles: readonly Role[]
) => Access<User, Membership, { readonly [F in Field]: Group }>

/** Returns the rule for members of groups. See `members` of an application. */
export function createMember<Group, Membership extends object, Role extends string>({
  load,
  roleOf,
  missing,
}: MembersDefinition<Group, Membership, Role, unknown, unknown>): Member<Group, Membership, Role> {
  return (field, ...roles) =>
    createRowRule(`member(${[field, ...roles].map((text) => `'${text}'`).join(', ')})`, {
      key: (input: { readonly [F in typeof field]: Group }) => input[field],
      callers: signedIn(),
      load,
      allow: ({ row }) =>
        roles.length === 0 || [roleOf(row)].flat().some((role) => roles.includes(role as Role)),
      denied: 'forbidden',
      ...(missing ? { missing } : {}),
    })
}
