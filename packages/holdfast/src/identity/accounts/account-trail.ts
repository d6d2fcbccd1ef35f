/** Returns the target of a trail entry about an account. */
export function targetOf(account: string): string {
  return `account:${account}`
}

/** The trail of an operation of a user with a session. */
export const ofCaller = {
  target: ({ caller }: { readonly caller: { readonly id: string } }): string => targetOf(caller.id),
} as const

/**
 * The trail of an operation without a session. Failed attempts are not recorded: attackers could
 * fill the trail, which cannot be emptied.
 */
export const onlySuccess = { problems: false } as const
