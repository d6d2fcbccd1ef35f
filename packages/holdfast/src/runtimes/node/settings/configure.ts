import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import type { Settings } from '../../../kernel/host/settings.ts'
import type { ServiceHost } from '../../../kernel/host/service-host.ts'
import { type Environment, openEnvironment } from './environment.ts'
import { modeSettings } from './mode-settings.ts'

/** The source of a configuration, and the receiver of notices about ignored variables. */
export interface ConfigureOptions extends Pick<ServiceHost, 'notify'> {
  /**
   * All environment variables. Default: the variables of the process, and in development also the
   * variables of a `.env` in the current folder.
   */
  readonly env: ServiceHost['env'] | undefined
}

/**
 * Opens the environment that settings are read from.
 *
 * @throws HoldfastError `configuration-invalid` that lists all issues.
 */
export async function configure(
  settings: readonly Settings<unknown>[],
  { env, notify }: ConfigureOptions,
): Promise<Environment> {
  const all = [modeSettings, ...settings]
  const environment = openEnvironment({
    env: env ?? process.env,
    names: all.flatMap(({ descriptions }) => descriptions.map(({ name }) => name)),
    folder: env ? undefined : process.cwd(),
    notify,
  })
  const found = await Promise.all(all.map((one) => one.check(environment)))
  const issues = [...environment.issues, ...found.flat()]
  if (issues.length > 0) throw configurationInvalid(issues)
  return environment
}
