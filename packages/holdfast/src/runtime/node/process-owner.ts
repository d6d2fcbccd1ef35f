import { constants } from 'node:os'
import { inspect } from 'node:util'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import { type Logger, toLogFields } from '../../kernel/log.ts'

const signals = ['SIGTERM', 'SIGINT'] as const

// How long a process whose service has ended may be kept alive by something else of the program.
const lingerMs = 1_000

/**
 * Ends the process in order: at SIGTERM and SIGINT, and after an error that nothing has caught. A second signal ends it at once.
 * Gives what hands the process back.
 */
export function ownProcess(stop: () => Promise<void>, log: Logger): () => void {
  let isStopping = false

  async function end(exitCode: number): Promise<void> {
    isStopping = true
    try {
      await stop()
      log.info('stopped')
      exitSoon(exitCode)
    } catch (error) {
      log.error({ error: toLogFields(error) }, 'the service did not stop in order')
      await exitNow(1)
    }
  }

  const onSignal = (signal: (typeof signals)[number]): void => {
    if (isStopping) process.exit(128 + constants.signals[signal])
    log.info({ signal }, 'stopping')
    void end(0)
  }
  const onError = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    log.error({ origin, error: toLogFields(error) }, 'nothing caught this error; stopping')
    if (!isStopping) void end(1)
  }

  for (const signal of signals) process.on(signal, onSignal)
  process.on('uncaughtException', onError)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
    process.off('uncaughtException', onError)
  }
}

/** Says why the service does not start, and ends the process: in its own words where it has any, with the stack of a defect. */
export async function failStart(error: unknown): Promise<never> {
  process.stderr.write(`${error instanceof HoldfastError ? error.message : inspect(error)}\n`)
  return exitNow(1)
}

/** Lets the process end by itself, and ends it where something else of the program keeps it. */
function exitSoon(code: number): void {
  process.exitCode = code
  setTimeout(() => void exitNow(code), lingerMs).unref()
}

async function exitNow(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(flushed))
  return process.exit(code)
}

/** When everything that was written before has left the process. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
