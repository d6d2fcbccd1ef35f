import {
  createSecurityHeaders,
  type SecurityHeaderOptions,
} from '../../../transports/http/answer/security-headers.ts'
import type { WorkerOptions } from '../../../kernel/background/background.ts'
import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import { createRedactor } from '../../../kernel/base/redact.ts'
import { redactedLog } from '../../../kernel/base/redacted-log.ts'
import { isWinstonLogger } from '../../../kernel/host/from-winston.ts'
import { guardedLog } from '../../../kernel/host/guarded-log.ts'
import type { Mode, ServiceHost } from '../../../kernel/host/service-host.ts'
import type { Settings } from '../../../kernel/host/settings.ts'
import type { SecretRotation } from '../../../platform/secrets/secret-rotation.ts'
import { createProcessLog } from '../log/process-log.ts'
import type { ServeOptions } from '../serve-options.ts'
import type { StopTimes } from '../stop-server.ts'
import type { TlsOptions } from '../tls/tls-options.ts'
import { TrustedProxies } from '../server/trusted-proxies.ts'
import { configure, type Configured } from './configure.ts'
import { chooseHttpLimits, type HttpLimits } from './http-limits.ts'
import { maxPort, serverSettings, type ServerValues } from './server-settings.ts'
import { chooseStopTimes } from './stop-times.ts'

/** The configuration of a server: its options, completed from the environment. */
export interface Configuration extends Pick<ServiceHost, 'env' | 'notify'> {
  readonly mode: Mode
  /** The logger from the options, or the default logger. */
  readonly givenLog: Logger
  /**
   * The same logger, for the process itself: it never throws, and hides values that look secret.
   */
  readonly log: Logger
  readonly host: string
  /** The port. 0: any free port. `undefined`: 3000, or the next free port. */
  readonly port: number | undefined
  readonly limits: HttpLimits
  readonly securityHeaders: SecurityHeaderOptions
  /** The proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: TrustedProxies
  /** True if the trusted proxies set the header `Client-Cert`. */
  readonly trustClientCert: boolean
  /** `undefined`: no TLS. */
  readonly tls: TlsOptions | undefined
  /** `undefined` if the process runs no jobs. */
  readonly workerOptions: WorkerOptions | undefined
  readonly stopTimes: StopTimes
  /** The secrets, which are read again once it is started. */
  readonly secretChanges: SecretRotation
  /** Interval at which secrets are read again, in milliseconds. */
  readonly secretsRefreshMs: number
}

/**
 * Reads the configuration of a server, and checks the configuration of its service.
 *
 * @throws HoldfastError `configuration-invalid` that lists all issues of the environment, or names
 * an invalid option; `duration-invalid`.
 */
export async function readConfiguration(
  service: { readonly settings: readonly Settings<unknown>[] },
  options: ServeOptions,
  telemetrySettings: readonly Settings<unknown>[],
): Promise<Configuration> {
  const notify = options.notify ?? writeToStderr
  const environment = await configure(
    [serverSettings, ...(options.telemetry === false ? [] : telemetrySettings), ...service.settings],
    { env: options.env, notify, secrets: options.secrets ?? [] },
  )
  try {
    return await completeConfiguration(environment, options, notify)
  } catch (error) {
    await environment.secretChanges.close()
    throw error
  }
}

async function completeConfiguration(
  environment: Configured,
  options: ServeOptions,
  notify: ServiceHost['notify'],
): Promise<Configuration> {
  const { env, mode, secretChanges } = environment
  const values = await serverSettings.read(environment)
  const givenLog = options.log === undefined ? defaultLog(values, mode) : checkLog(options.log)
  return {
    env,
    mode,
    notify,
    givenLog,
    log: redactedLog(guardedLog(givenLog, notify), createRedactor()),
    host: chooseHost(options.host, values, mode),
    port: choosePort(options.port, values),
    limits: chooseHttpLimits(options, values),
    securityHeaders: chooseSecurityHeaders(options, values),
    trustedProxies: new TrustedProxies(options.trustedProxies ?? listIn(values.TRUSTED_PROXIES)),
    trustClientCert: chooseTrustClientCert(options, values),
    tls: options.tls ?? tlsOf(values),
    workerOptions:
      options.worker === false ? undefined : { concurrency: values.WORKER_CONCURRENCY, ...options.worker },
    stopTimes: chooseStopTimes(options, values, mode),
    secretChanges,
    secretsRefreshMs: values.SECRETS_REFRESH,
  }
}

/** Without trusted proxies, the header would come from clients. */
function chooseTrustClientCert(options: ServeOptions, values: ServerValues): boolean {
  const trusts = options.trustClientCert ?? values.TRUST_CLIENT_CERT
  const proxies = options.trustedProxies ?? listIn(values.TRUSTED_PROXIES)
  if (!trusts || proxies.length > 0) return trusts
  throw configurationInvalid([
    'Client certificates in a header are trusted (option trustClientCert or variable TRUST_CLIENT_CERT), but no proxy is trusted. Set TRUSTED_PROXIES to the addresses of your proxies.',
  ])
}

function tlsOf({ TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE }: ServerValues): TlsOptions | undefined {
  if (TLS_CERT_FILE !== undefined && TLS_KEY_FILE !== undefined) {
    return {
      certFile: TLS_CERT_FILE,
      keyFile: TLS_KEY_FILE,
      ...(TLS_CLIENT_CA_FILE === undefined ? {} : { clientCaFile: TLS_CLIENT_CA_FILE }),
    }
  }
  if (TLS_CERT_FILE === undefined && TLS_KEY_FILE === undefined && TLS_CLIENT_CA_FILE === undefined)
    return undefined
  throw configurationInvalid(['TLS needs both TLS_CERT_FILE and TLS_KEY_FILE. Set both, or neither.'])
}

/** Returns the comma-separated parts of a text. */
function listIn(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',').map((part) => part.trim())
}

function writeToStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}

function checkLog(log: Logger): Logger {
  // The type checker accepts a winston logger here, because its methods accept fields as the
  // message.
  if (!isWinstonLogger(log)) return log
  throw configurationInvalid([
    'The option log is a winston logger, which takes the message before the fields; pass fromWinston(logger).',
  ])
}

function defaultLog({ LOG_LEVEL }: ServerValues, mode: Mode): Logger {
  const isForPeople = mode === 'development' && process.stdout.isTTY
  return createProcessLog({ level: LOG_LEVEL, isForPeople })
}

function chooseSecurityHeaders(
  options: SecurityHeaderOptions,
  { STRICT_TRANSPORT_SECURITY }: ServerValues,
): SecurityHeaderOptions {
  const strictTransportSecurity = options.strictTransportSecurity ?? STRICT_TRANSPORT_SECURITY
  const chosen = strictTransportSecurity === undefined ? {} : { strictTransportSecurity }
  // An invalid value throws here, before the migrations run.
  createSecurityHeaders(chosen)
  return chosen
}

/** Returns the port that the option or `PORT` sets; `undefined` if neither of them is set. */
function choosePort(option: number | undefined, { PORT }: ServerValues): number | undefined {
  if (option === undefined) return PORT
  if (Number.isInteger(option) && option >= 0 && option <= maxPort) return option
  throw configurationInvalid([
    `The option port is ${option}; it must be an integer from 0 to ${maxPort} (0 selects any free port).`,
  ])
}

/**
 * Returns the address to listen on. In production, the default is all of the machine's addresses,
 * because a container is reached from outside. Otherwise it is the loopback address, so that a
 * service under development is not reachable from the network.
 */
function chooseHost(option: string | undefined, { HOST }: ServerValues, mode: Mode): string {
  const host = option ?? HOST ?? (mode === 'production' ? '0.0.0.0' : '127.0.0.1')
  // An empty address is rejected, because Node would listen on all of the machine's addresses.
  if (host.trim() !== '') return host
  throw configurationInvalid([
    'The listen address (option host or variable HOST) is empty. Set an address such as 127.0.0.1, or omit it.',
  ])
}
