import type { Level } from '../../../kernel/base/log.ts'
import type { Settings } from '../../../kernel/host/settings.ts'
import { settings } from '../../../platform/settings/create-settings.ts'
import { durationMs, flag, oneOf, text, wholeNumber } from '../../../platform/settings/schemas.ts'
import { setting } from '../../../platform/settings/setting.ts'
import { defaultKeepAliveTimeout } from './http-limits.ts'

/** The max port number. */
export const maxPort = 65_535

/** The values of the server's settings. */
export interface ServerValues {
  readonly PORT: number | undefined
  readonly HOST: string | undefined
  readonly LOG_LEVEL: Level
  readonly DRAIN_DELAY: number | undefined
  readonly KEEP_ALIVE_TIMEOUT: number
  readonly STRICT_TRANSPORT_SECURITY: string | undefined
  readonly TRUSTED_PROXIES: string | undefined
  readonly TRUST_CLIENT_CERT: boolean
  readonly TLS_CERT_FILE: string | undefined
  readonly TLS_KEY_FILE: string | undefined
  readonly TLS_CLIENT_CA_FILE: string | undefined
  readonly WORKER_CONCURRENCY: number
  readonly SECRETS_REFRESH: number
}

/** The settings of a server. */
export const serverSettings: Settings<ServerValues> = settings<ServerValues>({
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
  DRAIN_DELAY: setting(durationMs({ max: '10m' }), {
    description:
      'Time for which the service keeps listening after a shutdown signal. Part of the grace period.',
    optional: true,
    defaultDescription: '0s; in production 7s',
  }),
  KEEP_ALIVE_TIMEOUT: setting(durationMs({ min: '1ms', max: '1d' }), {
    description:
      'Time for which an idle connection is kept open. Must be longer than the keep-alive timeout of the proxy in front.',
    default: defaultKeepAliveTimeout,
  }),
  STRICT_TRANSPORT_SECURITY: setting(text(), {
    description:
      'Value of the Strict-Transport-Security header of every response, such as max-age=31536000; includeSubDomains. Only for hosts that are always reached by https.',
    optional: true,
    defaultDescription: 'no header, because a proxy in front may set it',
  }),
  TRUSTED_PROXIES: setting(text(), {
    description:
      'Addresses of the proxies in front of the service, separated by commas, such as 10.0.0.0/8. Their X-Forwarded-For determines the address of a client.',
    optional: true,
    defaultDescription: 'none: the address of a client is that of its connection',
  }),
  TRUST_CLIENT_CERT: setting(flag(), {
    description:
      'True if each trusted proxy verifies client certificates, and sets the header Client-Cert (RFC 9440) or removes it.',
    default: 'false',
  }),
  TLS_CERT_FILE: setting(text(), {
    description: 'Path of the certificate of the server and its chain, in PEM. Read again when it changes.',
    optional: true,
    defaultDescription: 'no TLS',
  }),
  TLS_KEY_FILE: setting(text(), {
    description: 'Path of the private key of TLS_CERT_FILE, in PEM.',
    optional: true,
    defaultDescription: 'no TLS',
  }),
  TLS_CLIENT_CA_FILE: setting(text(), {
    description: 'Path of the authorities whose client certificates are accepted, in PEM.',
    optional: true,
    defaultDescription: 'clients are not asked for certificates',
  }),
  WORKER_CONCURRENCY: setting(wholeNumber({ min: 1, max: 1_000 }), {
    description: 'Max number of jobs that a process runs at once.',
    default: '10',
  }),
  SECRETS_REFRESH: setting(durationMs({ min: '1s', max: '1d' }), {
    description: 'Interval at which secrets in files and secret managers are read again.',
    default: '1m',
  }),
})
