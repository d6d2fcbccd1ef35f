import { createLogger, type ServiceHost, systemClock } from 'holdfast'

/** Returns the host of a service under test: no environment, no log lines, and the real clock. */
export function testHost(parts: Partial<ServiceHost> = {}): ServiceHost {
  return {
    env: {},
    mode: 'test',
    clock: systemClock,
    log: createLogger({ write: () => {} }),
    notify: () => {},
    ...parts,
  }
}
