const passedOn = ['PATH', 'TMPDIR', 'LD_LIBRARY_PATH', 'NIX_LD', 'NIX_LD_LIBRARY_PATH']

/**
 * Returns the environment of the Postgres programs: only the variables needed to find and load
 * them. PG* variables would change their behavior, and secrets must not reach a process of another
 * user.
 */
export function serverEnvironment(): Record<string, string> {
  const environment: Record<string, string> = { LC_ALL: 'C', TZ: 'UTC' }
  for (const name of passedOn) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}
