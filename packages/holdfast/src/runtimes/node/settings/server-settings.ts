import type { Settings } from '../../../kernel/host/settings.ts'
import { settings, type SettingValues } from '../../../platform/settings/create-settings.ts'
import { oneOf, text, wholeNumber } from '../../../platform/settings/schemas.ts'
import { setting, type Setting } from '../../../platform/settings/setting.ts'
import { defaultKeepAliveTimeoutMs } from './http-limits.ts'

/** The max port number. */
export const maxPort = 65_535

type Level = 'debug' | 'info' | 'warn' | 'error'

interface ServerSettings extends Readonly<Record<string, Setting>> {
  readonly PORT: Setting<number | undefined>
  readonly HOST: Setting<string | undefined>
  readonly LOG_LEVEL: Setting<Level>
  readonly DRAIN_DELAY_MS: Setting<number | undefined>
  readonly KEEP_ALIVE_TIMEOUT_MS: Setting<number>
  readonly STRICT_TRANSPORT_SECURITY: Setting<string | undefined>
  readonly WORKER_CONCURRENCY: Setting<number>
}

/** The values of the server's settings. */
export type ServerValues = SettingValues<ServerSettings>

/** The settings of a server. */
export const serverSettings: Settings<ServerValues> = settings<ServerSettings>({
  PORT: setting(wholeNumber({ min: 0, max: maxPort }), {
    description: 'The port to listen on; 0 takes any free one.',
    optional: true,
    defaultDescription: '3000, or one of the next 20 where that is taken',
  }),
  HOST: setting(text(), {
    description: 'The address to listen on.',
    optional: true,
    defaultDescription: '127.0.0.1; in production 0.0.0.0',
  }),
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error'), {
    description: 'The least level that is logged.',
    default: 'info',
  }),
  DRAIN_DELAY_MS: setting(wholeNumber({ min: 0, max: 600_000 }), {
    description:
      'How long a service that stops goes on listening, in milliseconds. It is a part of the grace.',
    optional: true,
    defaultDescription: '0; in production 7000',
  }),
  KEEP_ALIVE_TIMEOUT_MS: setting(wholeNumber({ min: 1, max: 86_400_000 }), {
    description:
      'The time for which an idle connection is kept, in milliseconds. Longer than the proxy in front keeps its own.',
    default: String(defaultKeepAliveTimeoutMs),
  }),
  STRICT_TRANSPORT_SECURITY: setting(text(), {
    description:
      'The header of this name in every answer, such as max-age=31536000; includeSubDomains. For a host that is reached by https alone.',
    optional: true,
    defaultDescription: 'none: a proxy in front may set it',
  }),
  WORKER_CONCURRENCY: setting(wholeNumber({ min: 1, max: 1_000 }), {
    description: 'How many jobs a process runs at once.',
    default: '10',
  }),
})
