import { startOpenTelemetry } from '../assembled/open-telemetry.ts'

// OpenTelemetry patches modules while they are loaded, so Fastify and pg are loaded after it.
const tracing = process.env['TELEMETRY'] === 'off' ? undefined : startOpenTelemetry(process.env)
const { startService } = await import('../assembled/start-service.ts')
await startService(tracing)
