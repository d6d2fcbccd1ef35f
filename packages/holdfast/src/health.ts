export { createHealth } from './transports/health/create-health.ts'
export type { Health } from './transports/http/health.ts'
