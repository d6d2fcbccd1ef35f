import { constants } from 'node:os'
import { inspect } from 'node:util'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { type LogFields, type Logger, toLogFields } from '../../kernel/base/log.ts'
import { createRedactor } from '../../kernel/base/redact.ts'

const signals = ['SIGTERM', 'SIGINT'] as const

// After the service has stopped, other parts of the program may keep the process alive for at most
// this time.
const lingerMs = 1_000

/** Callbacks that stop a process's service. */
export interface Stops {
  /** Called on a stop signal. */
  readonly asked: () => Promise<void>
  /** Called after an uncaught error. The process is then in an unknown state. */
  readonly failed: () => Promise<void>
}

/** A process whose lifecycle the service manages. */
export interface ProcessOwner {
  /**
   * Registers the callbacks that stop the service. Until then, a signal ends the process
   * immediately.
   */
  started(stops: Stops): void
  /** Removes the listeners from the process. */
  readonly release: () => void
}

/**
 * Stops the process gracefully on SIGTERM and SIGINT, and with exit code 1 after an uncaught error.
 * A second signal ends the process immediately. Before the service has started, the first signal
 * already ends the process: the database rolls back an interrupted start. (Without a listener, PID
 * 1 of a container would not receive signals at all.)
 */
export function manageProcess(log: Logger): ProcessOwner {
  let stops: Stops | undefined
  let isStopping = false
  let exitCode = 0

  async function end(stop: (() => Promise<void>) | undefined): Promise<void> {
    isStopping = true
    if (!stop) return exitNow(exitCode)
    try {
      await stop()
      log.info('stopped')
      exitSoon(exitCode)
    } catch (error) {
      log.error({ error: toLogFields(error) }, 'shutdown failed')
      await exitNow(1)
    }
  }

  const onSignal = (signal: (typeof signals)[number]): void => {
    if (isStopping) process.exit(128 + constants.signals[signal])
    log.info({ signal }, 'stopping')
    void end(stops?.asked)
  }
  const onError = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    exitCode = 1
    log.error({ origin, error: fieldsOf(error) }, 'uncaught exception; shutting down')
    if (!isStopping) void end(stops?.failed)
  }

  for (const signal of signals) process.on(signal, onSignal)
  process.on('uncaughtException', onError)
  return {
    started(how) {
      stops = how
    },
    release() {
      for (const signal of signals) process.off(signal, onSignal)
      process.off('uncaughtException', onError)
    },
  }
}

/**
 * Returns log fields of an error. Any value may have been thrown, and an error in this function
 * would end the process immediately.
 */
function fieldsOf(error: unknown): LogFields {
  try {
    return toLogFields(error)
  } catch {
    return { message: 'an error that cannot be described' }
  }
}

/**
 * Reports why the service does not start, and ends the process. Shows the message of a known error,
 * and the stack of a defect.
 */
export async function failStart(error: unknown): Promise<never> {
  process.stderr.write(`${error instanceof HoldfastError ? error.message : describe(error)}\n`)
  return exitNow(1)
}

/**
 * Returns the stack of a defect, with its causes. Omits all other properties, because they may be
 * secret.
 */
function describe(error: unknown): string {
  const { stack, ...rest } = createRedactor().fields(fieldsOf(error))
  const head = typeof stack === 'string' ? `${stack}\n` : ''
  return `${head}${inspect(rest, { depth: 8 })}`
}

/** Lets the process exit by itself, and ends it if other parts of the program keep it alive. */
function exitSoon(code: number): void {
  process.exitCode = code
  setTimeout(() => void exitNow(code), lingerMs).unref()
}

async function exitNow(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(flushed))
  return process.exit(code)
}

/** Resolves when all earlier output has left the process. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
