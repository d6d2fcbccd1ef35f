/** The scopes that a customer can grant to a program. */
export const scopes = [
  'accounts:read',
  'accounts:write',
  'deposits:write',
  'payouts:write',
  'transfers:write',
  'webhooks:write',
] as const

/** A scope that a customer can grant to a program. */
export type Scope = (typeof scopes)[number]
