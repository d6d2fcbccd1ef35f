import { HoldfastError, type HoldfastErrorOptions } from '../../kernel/base/holdfast-error.ts'

/**
 * Returns the error for an embedded Postgres that cannot run here. The message names the
 * alternative.
 */
export function unavailable(message: string, options: HoldfastErrorOptions = {}): HoldfastError {
  return new HoldfastError(
    'embedded-postgres-unavailable',
    `${message}\nTo use another Postgres instead, set DATABASE_URL.`,
    options,
  )
}
