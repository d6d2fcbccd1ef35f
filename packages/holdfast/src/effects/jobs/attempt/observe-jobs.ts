import type { HistogramSeries, Telemetry } from '../../../kernel/telemetry/telemetry.ts'
import type { AttemptOutcome } from './attempt-outcome.ts'

/** Records metrics of attempts. */
export interface JobsObserver {
  /** Records that an attempt started. `waitedSeconds` is the time since its job was enqueued. */
  began(job: string, waitedSeconds: number): void
  /** Records that an attempt ended. */
  ended(job: string, outcome: AttemptOutcome, seconds: number): void
  /** Stops observing the running jobs. */
  forget(): void
}

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** Creates the job metrics. `running` returns the number of running jobs. */
export function observeJobs(telemetry: Telemetry, running: () => number): JobsObserver {
  const durations = telemetry.histogram({
    name: 'holdfast.job.duration',
    description: 'Duration of job attempts, by outcome.',
    unit: 's',
    bounds,
  })
  const waits = telemetry.histogram({
    name: 'holdfast.job.age',
    description: 'Age of jobs at the start of an attempt.',
    unit: 's',
    bounds,
  })
  const forget = telemetry.upDownCounter(
    { name: 'holdfast.job.running', description: 'Jobs running in this process.', unit: '{job}' },
    () => [{ value: running() }],
  )
  const series = new Map<string, HistogramSeries>()
  const find = (key: string, make: () => HistogramSeries): HistogramSeries => {
    const known = series.get(key)
    if (known) return known
    const made = make()
    series.set(key, made)
    return made
  }
  return {
    began: (job, seconds) => find(`age ${job}`, () => waits.with({ 'holdfast.job': job })).record(seconds),
    ended: (job, outcome, seconds) =>
      find(`${outcome} ${job}`, () =>
        durations.with({ 'holdfast.job': job, 'holdfast.outcome': outcome }),
      ).record(seconds),
    forget,
  }
}
