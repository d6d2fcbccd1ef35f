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

/** Starts a service and answers HTTP with it, its health and its documentation included, and watches it. */
export const serve: Serve = createServe({ ...parts, answersCalls: true })

/**
 * Works on the jobs, schedules and messages of a service in a process of its own, which answers no calls: only its health is told, on
 * `PORT`.
 */
export const work: Serve = createServe({ ...parts, answersCalls: false })
