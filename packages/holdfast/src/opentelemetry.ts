export { openTelemetry } from './opentelemetry/open-telemetry.ts'
