const passedOn = ['PATH', 'TMPDIR', 'LD_LIBRARY_PATH', 'NIX_LD', 'NIX_LD_LIBRARY_PATH']

/**
 * The environment of Postgres' programs: what they need to be found and loaded, and nothing else of ours, since
 * PG* variables would change them and secrets do not belong into a process of another user.
 */
export function serverEnvironment(): Record<string, string> {
  const environment: Record<string, string> = { LC_ALL: 'C', TZ: 'UTC' }
  for (const name of passedOn) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}
