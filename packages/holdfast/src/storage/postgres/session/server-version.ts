import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/** The oldest supported major version of Postgres. */
const oldestMajor = 14

/** An SQL expression for the server's version, in the format of {@link requireSupported}. */
export const serverVersion = `current_setting('server_version_num')::int`

/**
 * Checks that a server is supported, based on its `server_version_num` such as 140011.
 *
 * @throws HoldfastError `database-too-old`.
 */
export function requireSupported(version: number): void {
  const major = Math.floor(version / 10_000)
  if (major >= oldestMajor) return
  throw new HoldfastError(
    'database-too-old',
    `The server is Postgres ${major}, but the oldest supported version is Postgres ${oldestMajor}. Upgrade the server, or set DATABASE_URL to a newer server.`,
  )
}
