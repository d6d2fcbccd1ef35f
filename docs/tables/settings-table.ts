import { settingsTable } from 'holdfast/settings'
import { databaseSettings } from '../../packages/holdfast/src/databases/assembly/settings.ts'
import { modeSettings } from '../../packages/holdfast/src/runtimes/node/settings/mode-settings.ts'
import { serverSettings } from '../../packages/holdfast/src/runtimes/node/settings/server-settings.ts'
import { telemetrySettings } from '../../packages/holdfast/src/platform/telemetry/telemetry-settings.ts'

const form = /(<!-- settings -->)[^]*?(<!-- \/settings -->)/

/** Returns a page with the current settings of the framework between its markers, if any. */
export function writeSettingsTable(page: string): string {
  return page.replace(form, (_, start: string, end: string) => `${start}\n\n${frameworkSettings()}\n\n${end}`)
}

function frameworkSettings(): string {
  return settingsTable(
    [serverSettings, modeSettings, databaseSettings, telemetrySettings].flatMap(
      ({ descriptions }) => descriptions,
    ),
  )
}
