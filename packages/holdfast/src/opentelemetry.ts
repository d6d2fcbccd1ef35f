export { openTelemetry } from './platform/opentelemetry/open-telemetry.ts'
