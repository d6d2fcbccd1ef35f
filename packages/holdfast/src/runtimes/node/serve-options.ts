import type { SecurityHeaderOptions } from '../../transports/http/answer/security-headers.ts'
import type { WorkerOptions } from '../../kernel/background/background.ts'
import type { Logger } from '../../kernel/base/log.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import type { TelemetryOptions } from '../../kernel/telemetry/telemetry-options.ts'
import type { HttpLimits } from './settings/http-limits.ts'
import type { SecretManager } from '../../platform/secrets/secret-manager.ts'
import type { TlsOptions } from './tls/tls-options.ts'
import type { StopOptions } from './settings/stop-times.ts'

/** Options of `serve` and `work`. */
export interface ServeOptions extends HttpLimits, SecurityHeaderOptions, StopOptions {
  /**
   * The port to listen on; 0 takes any free port. Default: `PORT`, else 3000 (one of the next 20
   * ports if 3000 is in use).
   */
  readonly port?: number
  /**
   * The address to listen on. Default: `HOST`, else `0.0.0.0` in production and `127.0.0.1`
   * elsewhere.
   */
  readonly host?: string
  /**
   * The addresses of the proxies in front of the service, as IP addresses and CIDR ranges:
   * `['10.0.0.0/8']`. The `X-Forwarded-For` of these proxies determines `peer.address` of the
   * caller. Default: `TRUSTED_PROXIES`, else none: the address is that of the connection. List only
   * proxies that you operate: every listed machine can choose the address that the service sees.
   */
  readonly trustedProxies?: readonly string[]
  /**
   * True if each trusted proxy verifies client certificates, and sets the header `Client-Cert`
   * (RFC 9440) or removes it. `peer.certificate` then comes from this header, for connections from
   * a trusted proxy only. Default: `TRUST_CLIENT_CERT`, else false. A proxy that passes on the
   * header of its client would let every client choose its certificate.
   */
  readonly trustClientCert?: boolean
  /**
   * The files of a server that listens with TLS. Default: `TLS_CERT_FILE`, `TLS_KEY_FILE` and
   * `TLS_CLIENT_CA_FILE`, else no TLS.
   */
  readonly tls?: TlsOptions
  /**
   * The logger: a pino logger, or `fromWinston(logger)`. Default: one JSON object per line on
   * stdout, from level `LOG_LEVEL`, else `info`.
   */
  readonly log?: Logger
  /**
   * The environment variables. Default: the variables of the process, and in development also the
   * variables of `.env`.
   */
  readonly env?: ServiceHost['env']
  /**
   * The secret managers that variables such as `DATABASE_URL_FROM` refer to:
   * `[vault(), awsSecretsManager()]`. A manager that no variable refers to is not used. Default:
   * none.
   */
  readonly secrets?: readonly SecretManager[]
  /** Receives notices for the user who starts the service. Default: a line on stderr. */
  readonly notify?: (message: string) => void
  /**
   * True if the service manages the process. The process then stops gracefully on SIGTERM and
   * SIGINT and after an uncaught error. If the service does not start, the process prints the
   * reason on stderr and exits with code 1. Default true. Set it to false for several servers in
   * one process, as in tests; `serve` then rejects if the service does not start.
   */
  readonly signals?: boolean
  /**
   * True if the service serves its documentation: `/openapi.json`, and `/docs` for people. Default
   * true, in production too. Hiding the documentation protects nothing, because the responses
   * reveal the same information. An operation with one of these routes takes precedence.
   */
  readonly documentation?: boolean
  /**
   * Options of telemetry, and the target of its exports. `false`: nothing is recorded, and trace
   * contexts are passed on unchanged. Default: the values of OpenTelemetry's standard variables.
   */
  readonly telemetry?: false | TelemetryOptions
  /**
   * Options of the worker for jobs, schedules and messages. `false`: this process runs no
   * background work, and leaves it to other processes. Default: `WORKER_CONCURRENCY` jobs at the
   * same time, else 10.
   */
  readonly worker?: false | WorkerOptions
}
