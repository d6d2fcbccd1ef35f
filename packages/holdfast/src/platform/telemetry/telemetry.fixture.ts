import { createLogger } from 'holdfast'
import { createTelemetry, type RunningTelemetry, type TelemetryOptions } from 'holdfast/telemetry'
import { onTestFinished } from 'vitest'

/** Telemetry of one test, with its log and notices. */
export interface TelemetryForTest extends RunningTelemetry {
  readonly log: readonly Readonly<Record<string, unknown>>[]
  readonly told: readonly string[]
}

/** Starts telemetry that does not measure the process, and stops it when the test ends. */
export function telemetryForTest(
  options: TelemetryOptions = {},
  env: Readonly<Record<string, string>> = {},
): TelemetryForTest {
  const log: Record<string, unknown>[] = []
  const told: string[] = []
  const telemetry = createTelemetry(
    { runtimeMetrics: false, ...options },
    {
      service: { name: 'shop', version: '1.4.0' },
      env,
      mode: 'test',
      log: createLogger({
        level: 'debug',
        write: (line) => log.push(JSON.parse(line) as Record<string, unknown>),
      }),
      notify: (message) => told.push(message),
    },
  )
  onTestFinished(() => telemetry.stop(0))
  return { ...telemetry, log, told }
}

/** Records spans without duration. */
export function recordSpans(telemetry: TelemetryForTest, count: number): void {
  for (let n = 0; n < count; n += 1) {
    const span = telemetry.beginTrace('server', undefined)
    span.describe(`span ${n}`, {})
    span.end()
  }
}

/** Returns the log lines about losses. */
export function lossesOf({ log }: TelemetryForTest): readonly unknown[] {
  return log.filter(({ level }) => level === 'warn')
}

/** Returns the counts of lost records, by signal and reason. */
export function lostOf(telemetry: TelemetryForTest): Readonly<Record<string, number>> {
  const metric = telemetry
    .readMetrics()
    .find(({ definition }) => definition.name === 'holdfast.telemetry.lost')
  if (metric?.kind !== 'counter') return {}
  return Object.fromEntries(
    metric.points.map(({ attributes, value }) => [
      `${attributes['holdfast.signal']} ${attributes['holdfast.reason']}`,
      value,
    ]),
  )
}
