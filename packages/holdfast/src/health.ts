export { createHealth } from './health/create-health.ts'
export type { Health } from './http/health.ts'
