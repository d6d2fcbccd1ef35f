import type { Settings } from '../../kernel/settings.ts'
import type { Surroundings } from '../../kernel/surroundings.ts'
import { configure } from './configure.ts'

/** Options of {@link readSettings}. */
export interface ReadSettingsOptions {
  /** The environment variables, all there are. Default: those of the process, and in development those of a `.env`. */
  readonly env?: Surroundings['env']
  /** Tells the person who starts the program of a `.env` that is not read. Default: a line on stderr. */
  readonly notify?: (message: string) => void
}

/**
 * Reads settings as `serve` does, `.env` and `…_FILE` included, for what runs without a service: a script, a command.
 *
 * @throws HoldfastError `configuration-invalid` that lists all of what is wrong with them.
 */
export async function readSettings<Values>(
  settings: Settings<Values>,
  options: ReadSettingsOptions = {},
): Promise<Values> {
  const { env, notify = (message) => void process.stderr.write(`${message}\n`) } = options
  return settings.read(await configure([settings], { env, notify }))
}
