import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { readMode, type Surroundings } from '../../kernel/surroundings.ts'
import type { SettingsSource } from '../../kernel/settings.ts'

/** The environment that a service is configured from. */
export interface Environment extends SettingsSource {
  readonly originOf: (name: string) => string | undefined
  /** What is wrong with it, in a sentence or two each. */
  readonly issues: readonly string[]
}

/** Options of {@link openEnvironment}. */
export interface EnvironmentOptions {
  /** The variables. */
  readonly env: Surroundings['env']
  /** The names of those that may also be given as the path of a file. */
  readonly names: readonly string[]
  /** Where a `.env` may lie. `undefined`: none is looked for. */
  readonly folder: string | undefined
  readonly notify: (message: string) => void
}

const envFile = '.env'

// What a variable could hold, and more than any key or URL needs.
const maxFileBytes = 65_536

/**
 * Opens an environment: in development with what a `.env` adds to it, and everywhere with the content of the files that variables such as
 * `DATABASE_URL_FILE` name, as secrets are handed to containers.
 */
export function openEnvironment({ env: given, names, folder, notify }: EnvironmentOptions): Environment {
  const mode = readMode(given)
  const origins = new Map<string, string>()
  const issues: string[] = []
  const env: Record<string, string | undefined> = { ...given }
  const fromFile = folder === undefined ? {} : readEnvFile(folder, mode, { notify, issues })
  for (const [name, value] of Object.entries(fromFile)) {
    if (isGiven(given[name])) continue
    env[name] = value
    origins.set(name, envFile)
  }
  for (const name of names) {
    const path = env[`${name}_FILE`]
    if (!isGiven(path)) continue
    if (isGiven(env[name])) {
      issues.push(`${name} and ${name}_FILE are both set. Leave one of them out.`)
      continue
    }
    const content = readValue(path)
    if ('problem' in content) issues.push(`${name}_FILE names ${path}, ${content.problem}`)
    else {
      env[name] = content.value
      origins.set(name, path)
    }
  }
  return { env, mode, issues, originOf: (name) => origins.get(name) }
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}

interface EnvFileParts {
  readonly notify: (message: string) => void
  readonly issues: string[]
}

/** The variables of a `.env`, which is for development: elsewhere it is a file that somebody has left lying about. */
function readEnvFile(
  folder: string,
  mode: Environment['mode'],
  { notify, issues }: EnvFileParts,
): Readonly<Record<string, string | undefined>> {
  const path = resolve(folder, envFile)
  const content = readValue(path)
  if ('problem' in content) {
    if (!content.isMissing) issues.push(`There is a ${path}, ${content.problem}`)
    return {}
  }
  if (mode === 'development') return parseEnv(content.value)
  if (mode === 'production') {
    notify(
      `${path} is not read: in production, variables come from the environment. Keep it out of what is deployed.`,
    )
  }
  return {}
}

type Content = { readonly value: string } | { readonly problem: string; readonly isMissing: boolean }

function readValue(path: string): Content {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const isMissing = code === 'ENOENT'
    return { isMissing, problem: isMissing ? 'which does not exist.' : `which cannot be opened (${code}).` }
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) return { isMissing: false, problem: 'which is not a file.' }
    if (stat.size > maxFileBytes) {
      return { isMissing: false, problem: `which has ${stat.size} bytes; ${maxFileBytes} are read at most.` }
    }
    // An editor ends the last line; it is no part of a value.
    return { value: readFileSync(file, 'utf8').replace(/\r?\n$/, '') }
  } catch (error) {
    return { isMissing: false, problem: `which cannot be read (${(error as NodeJS.ErrnoException).code}).` }
  } finally {
    closeSync(file)
  }
}
