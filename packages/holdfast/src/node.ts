import { callerLineOfProgram } from './platform/external-calls/caller-of.ts'
import { createExternalCallWatch } from './platform/external-calls/create-external-call-watch.ts'
import { createHealth } from './transports/health/create-health.ts'
import { documentation } from './transports/openapi/documentation.ts'
import { createServe, type Serve } from './runtimes/node/serve.ts'
import { telemetrySettings } from './platform/telemetry/telemetry-settings.ts'
import { watchService } from './platform/telemetry/watch-service.ts'

export {
  awsSecretsManager,
  type AwsSecretsManagerOptions,
} from './platform/secrets/aws/aws-secrets-manager.ts'
export type {
  OpenSecretManager,
  ReadSecretOptions,
  SecretManager,
  SecretManagerHost,
  StoredSecret,
} from './platform/secrets/secret-manager.ts'
export { vault } from './platform/secrets/vault/vault.ts'
export type { HttpLimits } from './runtimes/node/settings/http-limits.ts'
export { readSettings, type ReadSettingsOptions } from './runtimes/node/settings/read-settings.ts'
export type { Serve, Server } from './runtimes/node/serve.ts'
export type { ServeOptions } from './runtimes/node/serve-options.ts'
export type { TlsOptions } from './runtimes/node/tls/tls-options.ts'

const parts = {
  documentation,
  createHealth,
  watch: watchService,
  watchExternalCalls: createExternalCallWatch,
  callerLineOfProgram,
  settings: [telemetrySettings],
}

/**
 * Starts a service: serves its operations, health and documentation over HTTP, runs its background
 * work, and records its telemetry.
 *
 * @example
 * ```ts no-run
 * const server = await serve(shop, { port: 3000, grace: '30s' })
 * ```
 */
export const serve: Serve = createServe({ ...parts, answersCalls: true })

/**
 * Starts a worker process: runs the jobs, schedules and messages of a service, and serves no
 * operations. HTTP on `PORT` answers health checks only.
 *
 * @example
 * ```ts no-run
 * await work(shop, { worker: { concurrency: 20 } })
 * ```
 */
export const work: Serve = createServe({ ...parts, answersCalls: false })
