import type { Settings } from '../../../kernel/host/settings.ts'
import type { Mode } from '../../../kernel/host/service-host.ts'
import { settings, type SettingValues } from '../../../platform/settings/create-settings.ts'
import { oneOf } from '../../../platform/settings/schemas.ts'
import { setting, type Setting } from '../../../platform/settings/setting.ts'

interface ModeSettings extends Readonly<Record<string, Setting>> {
  readonly NODE_ENV: Setting<Mode>
}

/** The setting that decides how all others are read. */
export const modeSettings: Settings<SettingValues<ModeSettings>> = settings<ModeSettings>({
  NODE_ENV: setting(oneOf('development', 'test', 'production'), {
    description: 'Mode of the service: strictness of its checks, and how much it reveals.',
    default: 'development',
  }),
})
