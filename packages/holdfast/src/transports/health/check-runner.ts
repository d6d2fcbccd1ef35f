import { runWithTimeout } from '../../kernel/base/wait.ts'
import { type Check, checkTimes } from '../../kernel/service/check.ts'
import type { CheckReport } from '../../kernel/problem/check-report.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'

/**
 * Returns the result of a check: of the run in progress, of the last run if it is recent, or of a
 * new run.
 */
export type CheckRunner = () => Promise<CheckReport>

/**
 * Creates the runner of a check. The check never runs twice at the same time, regardless of the
 * number of callers and the duration of the run.
 */
export function createCheckRunner(
  name: string,
  check: Check,
  { clock, log }: Pick<ServiceHost, 'clock' | 'log'>,
): CheckRunner {
  const { required = true } = check
  const { timeoutMs, cacheMs } = checkTimes(check)
  let current: Promise<CheckReport> | undefined
  let isRunning = false
  let isFailing = false

  async function begin(signal: AbortSignal): Promise<void> {
    isRunning = true
    try {
      await check.run({ signal })
    } finally {
      isRunning = false
    }
  }

  async function attempt(): Promise<void> {
    if (isRunning) throw stillRunning(name, timeoutMs)
    await runWithTimeout({ timeoutMs, clock, timedOut: () => timedOut(name, timeoutMs) }, begin)
  }

  async function report(): Promise<CheckReport> {
    const startedMs = performance.now()
    const failure = await attempt().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    const durationMs = Math.round((performance.now() - startedMs) * 1_000) / 1_000
    tell(failure)
    if (!failure) return { status: 'pass', required, durationMs }
    return { status: 'fail', required, durationMs, error: describe(failure.error) }
  }

  /** Logs only changes of the result, because probes are frequent. */
  function tell(failure: { readonly error: unknown } | undefined): void {
    if (isFailing === (failure !== undefined)) return
    isFailing = !isFailing
    if (failure) log.warn({ check: name, required, error: toLogFields(failure.error) }, 'check failed')
    else log.info({ check: name, required }, 'check passed again')
  }

  return () => {
    current ??= report().finally(() => {
      // A timer limits the cache time, because a machine's clock may be set back.
      clock.after(cacheMs, () => (current = undefined))
    })
    return current
  }
}

/**
 * Returns an error as one line. Node's error for several refused connections has an empty message.
 */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  return 'code' in error ? String(error.code) : error.name
}

function timedOut(name: string, timeoutMs: number): HoldfastError {
  return new HoldfastError(
    'check-timed-out',
    `The check "${name}" timed out after ${timeoutMs} ms. Raise its timeout if it needs longer.`,
  )
}

function stillRunning(name: string, timeoutMs: number): HoldfastError {
  return new HoldfastError(
    'check-still-running',
    `The check "${name}" timed out after ${timeoutMs} ms and is still running, although its signal was aborted. The check is not run again until it has ended. Pass its signal to the calls that it awaits.`,
  )
}
