import { placeOfProgram } from './foreign-calls/caller-of.ts'
import { createForeignCallWatch } from './foreign-calls/create-foreign-call-watch.ts'
import { createHealth } from './health/create-health.ts'
import { documentation } from './openapi/documentation.ts'
import { createServe, type Serve } from './runtime/node/serve.ts'
import { telemetrySettings } from './telemetry/telemetry-settings.ts'
import { watchService } from './telemetry/watch-service.ts'

export type { HttpLimits } from './runtime/node/http-limits.ts'
export { readSettings, type ReadSettingsOptions } from './runtime/node/read-settings.ts'
export type { Serve, ServeOptions, Server } from './runtime/node/serve.ts'

const parts = {
  documentation,
  createHealth,
  watch: watchService,
  watchForeignCalls: createForeignCallWatch,
  placeOfProgram,
  settings: [telemetrySettings],
}

/**
 * Starts a service: serves its operations, health and documentation over HTTP, runs its background
 * work, and records its telemetry.
 */
export const serve: Serve = createServe({ ...parts, answersCalls: true })

/**
 * Starts a worker process: runs the jobs, schedules and messages of a service, and serves no
 * operations. HTTP on `PORT` answers health checks only.
 */
export const work: Serve = createServe({ ...parts, answersCalls: false })
