import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Settings, SettingsSource } from '../../../kernel/host/settings.ts'
import type { ServiceHost } from '../../../kernel/host/service-host.ts'
import { openSecrets, type OpenSecrets } from '../../../platform/secrets/open-secrets.ts'
import type { SecretManager } from '../../../platform/secrets/secret-manager.ts'
import type { SecretRotation } from '../../../platform/secrets/secret-rotation.ts'
import { type Environment, openEnvironment } from './environment.ts'
import { modeSettings } from './mode-settings.ts'
import { readTextFile } from './text-file.ts'

/** The source of a configuration, and the receiver of notices about ignored variables. */
export interface ConfigureOptions extends Pick<ServiceHost, 'notify'> {
  /**
   * All environment variables. Default: the variables of the process, and in development also the
   * variables of a `.env` in the current folder.
   */
  readonly env: ServiceHost['env'] | undefined
  /** The secret managers that variables may refer to. */
  readonly secrets: readonly SecretManager[]
}

/** The environment of a service, with the values of its secrets. */
export interface Configured extends SettingsSource {
  /** Reads the secrets again once it is started. The caller closes it. */
  readonly secretChanges: SecretRotation
}

/**
 * Opens the environment that settings are read from, and reads the secrets that it refers to.
 *
 * @throws HoldfastError `configuration-invalid` that lists all issues.
 */
export async function configure(
  settings: readonly Settings<unknown>[],
  { env, notify, secrets: managers }: ConfigureOptions,
): Promise<Configured> {
  const bootstrap = [modeSettings, ...managers.flatMap((manager) => manager.settings ?? [])]
  const all = [...bootstrap, ...settings]
  const environment = openEnvironment({
    env: env ?? process.env,
    names: [...new Set(all.flatMap(namesIn))],
    folder: env ? undefined : process.cwd(),
    notify,
  })
  const secrets = await readSecrets(environment, settings, managers)
  try {
    const source = completeSource(environment, secrets)
    const found = await Promise.all([modeSettings, ...settings].map((one) => one.check(source)))
    const issues = [
      ...environment.issues,
      ...bootstrapReferences(environment, bootstrap),
      ...secrets.issues,
      ...found.flat(),
    ]
    if (issues.length > 0) throw configurationInvalid([...new Set(issues)])
    return source
  } catch (error) {
    await secrets.rotation.close()
    throw error
  }
}

function namesIn({ descriptions }: Settings<unknown>): readonly string[] {
  return descriptions.map(({ name }) => name)
}

async function readSecrets(
  { env, mode, files, references }: Environment,
  settings: readonly Settings<unknown>[],
  managers: readonly SecretManager[],
): Promise<OpenSecrets> {
  const names = new Set(settings.flatMap(namesIn))
  const secretNames = new Set(
    settings.flatMap(({ descriptions }) =>
      descriptions.filter(({ isSecret }) => isSecret).map(({ name }) => name),
    ),
  )
  return openSecrets({
    managers,
    source: { env, mode },
    variables: [...references]
      .filter(([name]) => names.has(name))
      .map(([name, value]) => ({ name, value, isSecret: secretNames.has(name) })),
    files: [...files]
      .filter(([name]) => secretNames.has(name))
      .map(([name, path]) => ({ name, path, text: env[name]!, read: () => readSecretFile(name, path) })),
  })
}

/** Throws if the file cannot be used, such as a file that is being written. */
function readSecretFile(name: string, path: string): string {
  const file = readTextFile(path)
  const problem = file.problem ?? (file.text === '' ? 'which is empty.' : undefined)
  if (problem === undefined && file.problem === undefined) return file.text
  throw new HoldfastError('secret-unreadable', `${name}_FILE is ${path}, ${problem}`)
}

function completeSource(environment: Environment, secrets: OpenSecrets): Configured {
  const { env, mode, originOf, references } = environment
  const { values, unreadable, rotation } = secrets
  return {
    env: { ...env, ...Object.fromEntries(values) },
    mode,
    originOf: (name) => (values.has(name) ? `${name}_FROM` : originOf(name)),
    isUnreadable: (name) => unreadable.has(name) && references.has(name),
    secretChanges: rotation,
  }
}

/** The settings that are needed to reach a secret manager cannot come from one. */
function bootstrapReferences(
  { references }: Environment,
  bootstrap: readonly Settings<unknown>[],
): readonly string[] {
  return bootstrap
    .flatMap(namesIn)
    .filter((name) => references.has(name))
    .map(
      (name) =>
        `${name}_FROM is set, but ${name} is needed before secrets can be read. Set ${name} or ${name}_FILE instead.`,
    )
}
