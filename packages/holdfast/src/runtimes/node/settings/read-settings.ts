import type { Settings } from '../../../kernel/host/settings.ts'
import type { ServiceHost } from '../../../kernel/host/service-host.ts'
import { configure } from './configure.ts'

/** Options of {@link readSettings}. */
export interface ReadSettingsOptions {
  /**
   * All environment variables. Default: the variables of the process, and in development also the
   * variables of a `.env`.
   */
  readonly env?: ServiceHost['env']
  /** Receives a notice about an ignored `.env`. Default: a line on stderr. */
  readonly notify?: (message: string) => void
}

/**
 * Reads settings as `serve` does, including `.env` and `…_FILE`, for programs without a service: a
 * script, a command.
 *
 * @throws HoldfastError `configuration-invalid` that lists all issues.
 *
 * @example
 * ```ts
 * const config = settings({
 *   MAIL_REGION: setting(text(), { description: 'The region of the mails.', default: 'eu' }),
 * })
 * const { MAIL_REGION } = await readSettings(config)
 * ```
 */
export async function readSettings<Values>(
  settings: Settings<Values>,
  options: ReadSettingsOptions = {},
): Promise<Values> {
  const { env, notify = (message) => void process.stderr.write(`${message}\n`) } = options
  return settings.read(await configure([settings], { env, notify }))
}
