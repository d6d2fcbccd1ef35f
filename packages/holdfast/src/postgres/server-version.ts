import { HoldfastError } from '../kernel/holdfast-error.ts'

/** The oldest major version of Postgres that is supported. */
const oldestMajor = 14

/** An SQL expression for the version of the server, as {@link requireSupported} takes it. */
export const serverVersion = `current_setting('server_version_num')::int`

/**
 * Checks that a server is supported, given its `server_version_num` such as 140011.
 *
 * @throws HoldfastError `database-too-old`.
 */
export function requireSupported(version: number): void {
  const major = Math.floor(version / 10_000)
  if (major >= oldestMajor) return
  throw new HoldfastError(
    'database-too-old',
    `The server is Postgres ${major}; the oldest that is supported is Postgres ${oldestMajor}. Upgrade the server, or let DATABASE_URL lead to a newer one.`,
  )
}
