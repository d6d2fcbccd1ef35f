import { type Settings, settingsTable } from 'holdfast/settings'
import { databaseSettings } from '../../packages/holdfast/src/databases/assembly/settings.ts'
import { developmentKeySettings } from '../../packages/holdfast/src/identity/api-keys/development-key-settings.ts'
import { modeSettings } from '../../packages/holdfast/src/runtimes/node/settings/mode-settings.ts'
import { secretKeySettings } from '../../packages/holdfast/src/platform/secret-keys/secret-key-settings.ts'
import { vaultSettings } from '../../packages/holdfast/src/platform/secrets/vault/vault-settings.ts'
import { serverSettings } from '../../packages/holdfast/src/runtimes/node/settings/server-settings.ts'
import { telemetrySettings } from '../../packages/holdfast/src/platform/telemetry/telemetry-settings.ts'

const form = /(<!-- settings(?:: (\w+))? -->)[^]*?(<!-- \/settings -->)/g

/**
 * Returns a page with the current settings of the framework between its markers, if any. The marker
 * `<!-- settings: OTEL_ -->` shows only the variables that begin with `OTEL_`.
 */
export function writeSettingsTable(page: string): string {
  return page.replaceAll(form, (...[, start, prefix, end]: readonly (string | undefined)[]) => {
    return `${start}\n\n${frameworkSettings(prefix)}\n\n${end}`
  })
}

function frameworkSettings(prefix = ''): string {
  return settingsTable(
    settingsOf(prefix)
      .flatMap(({ descriptions }) => descriptions)
      .filter(({ name }) => name.startsWith(prefix)),
  )
}

/** Returns the settings of every service, or those of Vault, which only its services have. */
function settingsOf(prefix: string): readonly Settings<unknown>[] {
  if (prefix === 'VAULT_') return [vaultSettings]
  return [
    serverSettings,
    modeSettings,
    databaseSettings,
    secretKeySettings,
    developmentKeySettings,
    telemetrySettings,
  ]
}
