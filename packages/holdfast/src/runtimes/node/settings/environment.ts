import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { readMode, type ServiceHost } from '../../../kernel/host/service-host.ts'
import type { SettingsSource } from '../../../kernel/host/settings.ts'
import { readTextFile } from './text-file.ts'

/** The environment that configures a service. */
export interface Environment extends SettingsSource {
  readonly originOf: (name: string) => string | undefined
  /** The errors in the environment, one or two sentences each. */
  readonly issues: readonly string[]
  /** The paths of the files that contain values, by the names of the variables. */
  readonly files: ReadonlyMap<string, string>
  /** The references to secrets, by the names of the variables. */
  readonly references: ReadonlyMap<string, string>
}

/** Options of {@link openEnvironment}. */
export interface EnvironmentOptions {
  /** The variables. */
  readonly env: ServiceHost['env']
  /** The names of variables that may also be given as a file path. */
  readonly names: readonly string[]
  /** The folder to search for a `.env`; `undefined` to skip it. */
  readonly folder: string | undefined
  readonly notify: (message: string) => void
}

const envFile = '.env'

/**
 * Opens an environment. In development, it includes a `.env`. In every mode, it includes the
 * content of files named by variables such as `DATABASE_URL_FILE`: containers receive secrets in
 * this way.
 */
export function openEnvironment({ env: given, names, folder, notify }: EnvironmentOptions): Environment {
  const mode = readMode(given)
  const origins = new Map<string, string>()
  const issues: string[] = []
  const env: Record<string, string | undefined> = { ...given }
  const fromFile = folder === undefined ? {} : readEnvFile(folder, mode, { notify, issues })
  // The environment overrides `.env`, even if the environment names a file that contains the value
  // (`…_FILE`).
  const said = new Set(names.filter((name) => namesOf(name).some((one) => given[one])).flatMap(namesOf))
  for (const [name, value] of Object.entries(fromFile)) {
    if (given[name] || said.has(name)) continue
    env[name] = value
    origins.set(name, envFile)
  }
  const files = new Map<string, string>()
  const references = new Map<string, string>()
  for (const name of names) {
    const set = namesOf(name).filter((one) => env[one])
    if (set.length > 1) {
      issues.push(
        `${set.slice(0, -1).join(', ')} and ${set.at(-1)} are ${set.length === 2 ? 'both set. Remove one of them.' : 'all set. Remove all but one of them.'}`,
      )
      continue
    }
    const reference = env[`${name}_FROM`]
    if (reference) references.set(name, reference)
    const path = env[`${name}_FILE`]
    if (!path) continue
    const file = readTextFile(resolve(path))
    if (file.problem !== undefined) issues.push(`${name}_FILE is ${showPath(path)}, ${file.problem}`)
    else if (file.text === '') issues.push(`${name}_FILE is ${showPath(path)}, which is empty.`)
    else {
      env[name] = file.text
      origins.set(name, resolve(path))
      files.set(name, resolve(path))
    }
  }
  if (readMode(env) !== mode) {
    issues.push(
      `NODE_ENV is ${JSON.stringify(env['NODE_ENV'])} in ${origins.get('NODE_ENV')}. Set it in the environment itself, because it decides which files are read.`,
    )
  }
  return { env, mode, issues, files, references, originOf: (name) => origins.get(name) }
}

/** Returns the variables that may give the value of a setting. */
function namesOf(name: string): readonly string[] {
  return [name, `${name}_FILE`, `${name}_FROM`]
}

/**
 * Returns the absolute form of a path. Text that does not look like a path is hidden: it may be the
 * secret itself.
 */
function showPath(path: string): string {
  return /^\.{0,2}\/[^\n]*$/.test(path) && path.length <= 200
    ? resolve(path)
    : 'a file (path hidden, because it does not begin with /, ./ or ../)'
}

interface EnvFileParts {
  readonly notify: (message: string) => void
  readonly issues: string[]
}

/**
 * Returns the variables of a `.env`. Outside development, the file is ignored, because it was
 * probably left there by mistake.
 */
function readEnvFile(
  folder: string,
  mode: Environment['mode'],
  { notify, issues }: EnvFileParts,
): Readonly<Record<string, string | undefined>> {
  const path = resolve(folder, envFile)
  if (mode === 'production' && existsSync(path)) {
    notify(
      `${path} is ignored in production, where variables come from the environment. Remove it from the deployment.`,
    )
  }
  if (mode !== 'development') return {}
  const file = readTextFile(path)
  if (file.problem === undefined) return parseEnv(file.text)
  if (!file.isMissing) issues.push(`Cannot read ${path}, ${file.problem}`)
  return {}
}
