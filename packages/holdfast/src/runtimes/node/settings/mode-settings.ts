import type { Settings } from '../../../kernel/host/settings.ts'
import type { Mode } from '../../../kernel/host/service-host.ts'
import { settings } from '../../../platform/settings/create-settings.ts'
import { oneOf } from '../../../platform/settings/schemas.ts'
import { setting } from '../../../platform/settings/setting.ts'

interface ModeSettings {
  readonly NODE_ENV: Mode
}

/** The setting of the mode, which determines how all other settings are read. */
export const modeSettings: Settings<ModeSettings> = settings<ModeSettings>({
  NODE_ENV: setting(oneOf('development', 'test', 'production'), {
    description: 'Mode of the service, which determines how strict its checks are and how much it reveals.',
    default: 'development',
  }),
})
