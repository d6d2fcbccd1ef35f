import { HoldfastError } from '../../kernel/holdfast-error.ts'
import type { LoggerOptions } from '../../kernel/log.ts'
import type { Surroundings } from '../../kernel/surroundings.ts'

type Env = Surroundings['env']

const maxPort = 65_535

/** The port that the options or `PORT` ask for; `undefined` where neither does. */
export function readPort(option: number | undefined, env: Env): number | undefined {
  if (option !== undefined) {
    if (Number.isInteger(option) && option >= 0 && option <= maxPort) return option
    throw invalid(
      `The option port is ${option}, and has to be a whole number from 0 to ${maxPort}; 0 takes any free port.`,
    )
  }
  const text = env['PORT']
  if (text === undefined) return undefined
  if (/^\d{1,5}$/.test(text) && Number(text) <= maxPort) return Number(text)
  throw invalid(
    `The environment variable PORT is ${JSON.stringify(text)}, and has to be a whole number from 0 to ${maxPort}; 0 takes any free port. Without PORT it is 3000.`,
  )
}

/**
 * The address to listen on. In production every one of the machine, since a container is reached from outside of it; elsewhere
 * the loopback one, so that nobody on the network reaches a service that is still being written.
 */
export function readHost(
  option: string | undefined,
  { env, mode }: Pick<Surroundings, 'env' | 'mode'>,
): string {
  const host = option ?? env['HOST'] ?? (mode === 'production' ? '0.0.0.0' : '127.0.0.1')
  // Node takes an empty address for every one that the machine has.
  if (host.trim() !== '') return host
  throw invalid(
    'The environment variable HOST, or the option host, is empty. Give an address such as 127.0.0.1, or leave it out.',
  )
}

const levels: readonly string[] = ['debug', 'info', 'warn', 'error']

/** The least level that is logged: `LOG_LEVEL`, or `info`. */
export function readLogLevel(env: Env): NonNullable<LoggerOptions['level']> {
  const text = env['LOG_LEVEL'] ?? 'info'
  if (levels.includes(text)) return text as NonNullable<LoggerOptions['level']>
  throw invalid(
    `The environment variable LOG_LEVEL is ${JSON.stringify(text)}, and has to be one of ${levels.join(', ')}. Without it, it is info.`,
  )
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('configuration-invalid', message)
}
