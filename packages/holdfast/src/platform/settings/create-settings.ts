import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { Settings, SettingsSource } from '../../kernel/host/settings.ts'
import type { Setting } from './setting.ts'
import { createSettingReader, type Reading } from './setting-reader.ts'

/** The declarations of settings by variable name, typed by the values of the settings. */
export type SettingDeclarations<Values> = { readonly [Name in keyof Values]: Setting<Values[Name]> }

/**
 * Declares the environment variables that configure a program, by their names.
 *
 * @example
 * ```ts
 * const app = holdfast({
 *   settings: settings({
 *     BANK_URL: setting(url('https'), { description: 'The URL of the bank.' }),
 *     BANK_KEY: setting(text(), { description: 'The key for the bank.', secret: true }),
 *   }),
 * })
 * ```
 */
export function settings<Values>(
  declarations: SettingDeclarations<Values>,
): Settings<{ readonly [Name in keyof Values]: Values[Name] }> {
  const names = Object.keys(declarations)
  const readers = Object.entries<Setting>(declarations).map(([name, declared]) =>
    createSettingReader(name, declared, names),
  )

  async function readAll(source: SettingsSource): Promise<Reading[]> {
    return Promise.all(readers.map((reader) => reader.read(source)))
  }

  return {
    descriptions: readers.map(({ description }) => description),

    async check(source) {
      return (await readAll(source)).flatMap(({ issue }) => (issue === undefined ? [] : [issue]))
    },

    async read(source) {
      const readings = await readAll(source)
      const issues = readings.flatMap(({ issue }) => (issue === undefined ? [] : [issue]))
      if (issues.length > 0) throw configurationInvalid(issues)
      return Object.fromEntries(readings.map(({ name, value }) => [name, value])) as Values
    },
  }
}
