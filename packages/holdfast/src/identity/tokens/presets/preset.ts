import type { TrustedIssuer } from '../trusted-issuer.ts'

/** Options that every preset passes on to its issuer. */
export type PresetOptions = Pick<
  TrustedIssuer,
  'idPrefix' | 'caller' | 'clockSkew' | 'maxAge' | 'staleKeys' | 'keys'
>

/**
 * Returns roles as scopes, with the prefix `role:`, because a scope and a role can have the same
 * name.
 */
export function toRoleScopes(roles: readonly string[]): readonly string[] {
  return roles.map((role) => `role:${role}`)
}
