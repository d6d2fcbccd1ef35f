import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import type { Mode } from '../../../kernel/host/service-host.ts'
import { maxPort, type ServerValues } from './server-settings.ts'

/** Returns the port that the option or `PORT` sets; `undefined` if neither does. */
export function choosePort(option: number | undefined, { PORT }: ServerValues): number | undefined {
  if (option === undefined) return PORT
  if (Number.isInteger(option) && option >= 0 && option <= maxPort) return option
  throw configurationInvalid([
    `The option port is ${option}; it must be an integer from 0 to ${maxPort} (0 selects any free port).`,
  ])
}

/**
 * Returns the address to listen on. In production all addresses of the machine, since a container
 * is reached from outside; otherwise the loopback address, so that a service under development is
 * not reachable from the network.
 */
export function chooseHost(option: string | undefined, { HOST }: ServerValues, mode: Mode): string {
  const host = option ?? HOST ?? (mode === 'production' ? '0.0.0.0' : '127.0.0.1')
  // Node takes an empty address for all addresses of the machine.
  if (host.trim() !== '') return host
  throw configurationInvalid([
    'The listen address (option host or variable HOST) is empty. Set an address such as 127.0.0.1, or omit it.',
  ])
}
