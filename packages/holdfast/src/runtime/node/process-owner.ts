import { constants } from 'node:os'
import { inspect } from 'node:util'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import { type LogFields, type Logger, toLogFields } from '../../kernel/log.ts'
import { createRedactor } from '../../kernel/redact.ts'

const signals = ['SIGTERM', 'SIGINT'] as const

// How long a process whose service has ended may be kept alive by something else of the program.
const lingerMs = 1_000

/** How the service of a process is stopped. */
export interface Stops {
  /** When it was asked to. */
  readonly asked: () => Promise<void>
  /** After an error that nothing has caught: nobody knows what it has left behind. */
  readonly failed: () => Promise<void>
}

/** The process as the service's own. */
export interface ProcessOwner {
  /** Says how the service is stopped. Before that, there is nothing to stop. */
  started(stops: Stops): void
  /** Hands the process back. */
  readonly release: () => void
}

/**
 * Ends the process in order: at SIGTERM and SIGINT, and with exit code 1 after an error that nothing has caught. A second signal
 * ends it at once, and the first one does before the service has started: what that was doing is undone by whoever it was
 * done with. (Without a listener, a process that is the first one of a container would not even hear of the signal.)
 */
export function ownProcess(log: Logger): ProcessOwner {
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
      log.error({ error: toLogFields(error) }, 'the service did not stop in order')
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
    log.error({ origin, error: fieldsOf(error) }, 'nothing caught this error; stopping')
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

/** What can be read of an error. What throws here ends the process on the spot, and anything may have been thrown. */
function fieldsOf(error: unknown): LogFields {
  try {
    return toLogFields(error)
  } catch {
    return { message: 'an error that cannot be read' }
  }
}

/** Says why the service does not start, and ends the process: in its own words where it has any, with the stack of a defect. */
export async function failStart(error: unknown): Promise<never> {
  process.stderr.write(`${error instanceof HoldfastError ? error.message : describe(error)}\n`)
  return exitNow(1)
}

/** A defect with its stack and its causes; not with what else somebody has put into it, which may be secret. */
function describe(error: unknown): string {
  const { stack, ...rest } = createRedactor().fields(fieldsOf(error))
  const head = typeof stack === 'string' ? `${stack}\n` : ''
  return `${head}${inspect(rest, { depth: 8 })}`
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
