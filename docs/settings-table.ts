import { readFile, writeFile } from 'node:fs/promises'
import { settingsTable } from 'holdfast/settings'
import { databaseSettings } from '../packages/holdfast/src/databases/assembly/settings.ts'
import { modeSettings } from '../packages/holdfast/src/runtimes/node/settings/mode-settings.ts'
import { serverSettings } from '../packages/holdfast/src/runtimes/node/settings/server-settings.ts'
import { telemetrySettings } from '../packages/holdfast/src/platform/telemetry/telemetry-settings.ts'

const page = new URL('settings.md', import.meta.url)
const start = '<!-- settings: from `npm run settings` -->'
const end = '<!-- /settings -->'

/** The settings of the framework, as settings.md has to show them. */
export function frameworkSettings(): string {
  return settingsTable(
    [serverSettings, modeSettings, databaseSettings, telemetrySettings].flatMap(
      ({ descriptions }) => descriptions,
    ),
  )
}

/** The settings of the framework, as settings.md shows them. */
export async function shownSettings(): Promise<string> {
  const text = await readFile(page, 'utf8')
  return text.slice(text.indexOf(start) + start.length, text.indexOf(end)).trim()
}

if (import.meta.main) {
  const text = await readFile(page, 'utf8')
  const [before = ''] = text.split(start)
  const [, after = ''] = text.split(end)
  await writeFile(page, `${before}${start}\n\n${frameworkSettings()}\n\n${end}${after}`)
}
