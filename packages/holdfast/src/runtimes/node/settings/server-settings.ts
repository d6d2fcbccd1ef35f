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
    description: 'Port to listen on; 0 selects any free port.',
    optional: true,
    defaultDescription: '3000, or one of the next 20 if it is in use',
  }),
  HOST: setting(text(), {
    description: 'Address to listen on.',
    optional: true,
    defaultDescription: '127.0.0.1; in production 0.0.0.0',
  }),
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error'), {
    description: 'Min level of log lines.',
    default: 'info',
  }),
  DRAIN_DELAY_MS: setting(wholeNumber({ min: 0, max: 600_000 }), {
    description:
      'Time that a stopping service continues to listen, in milliseconds. Part of the grace period.',
    optional: true,
    defaultDescription: '0; in production 7000',
  }),
  KEEP_ALIVE_TIMEOUT_MS: setting(wholeNumber({ min: 1, max: 86_400_000 }), {
    description:
      'Time that an idle connection is kept, in milliseconds. Must be longer than the keep-alive timeout of the proxy in front.',
    default: String(defaultKeepAliveTimeoutMs),
  }),
  STRICT_TRANSPORT_SECURITY: setting(text(), {
    description:
      'Value of the Strict-Transport-Security header of every response, such as max-age=31536000; includeSubDomains. Only for hosts that are always reached by https.',
    optional: true,
    defaultDescription: 'none: a proxy in front may set it',
  }),
  WORKER_CONCURRENCY: setting(wholeNumber({ min: 1, max: 1_000 }), {
    description: 'Max number of jobs that a process runs at once.',
    default: '10',
  }),
})
