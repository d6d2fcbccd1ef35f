export type { SettingDescription, Settings, SettingsSource } from './kernel/host/settings.ts'
export {
  type SettingDeclarations,
  settings,
  type SettingValues,
} from './platform/settings/create-settings.ts'
export { durationMs, flag, oneOf, sizeBytes, text, url, wholeNumber } from './platform/settings/schemas.ts'
export { Secret } from './platform/settings/secret.ts'
export { type Setting, setting, type SettingOptions } from './platform/settings/setting.ts'
export { settingsTable } from './platform/settings/settings-table.ts'
