import type { Settings } from '../../../kernel/host/settings.ts'
import type { ServiceHost } from '../../../kernel/host/service-host.ts'
import type { SecretManager } from '../../../platform/secrets/secret-manager.ts'
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
  /** The secret managers that variables such as `BANK_KEY_FROM` refer to. Default: none. */
  readonly secrets?: readonly SecretManager[]
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
  const { env, secrets = [], notify = (message) => void process.stderr.write(`${message}\n`) } = options
  const source = await configure([settings], { env, notify, secrets })
  try {
    return await settings.read(source)
  } finally {
    await source.secretChanges.close()
  }
}
