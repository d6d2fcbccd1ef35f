import type { Attempt } from '../accounts/attempt-limit.ts'

/**
 * Returns an attempt to enter a code, for the limit of attempts. Its key contains a space, and so
 * is no address: wrong codes and wrong passwords are counted separately.
 */
export function attemptOf(account: string, address: string | undefined): Attempt {
  return { emailKey: `second-factor ${account}`, address }
}
