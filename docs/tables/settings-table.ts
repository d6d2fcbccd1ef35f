import { settingsTable } from 'holdfast/settings'
import { databaseSettings } from '../../packages/holdfast/src/databases/assembly/settings.ts'
import { modeSettings } from '../../packages/holdfast/src/runtimes/node/settings/mode-settings.ts'
import { secretKeySettings } from '../../packages/holdfast/src/platform/secret-keys/secret-key-settings.ts'
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
    [serverSettings, modeSettings, databaseSettings, secretKeySettings, telemetrySettings]
      .flatMap(({ descriptions }) => descriptions)
      .filter(({ name }) => name.startsWith(prefix)),
  )
}
