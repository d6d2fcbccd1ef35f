import type { Relay } from '../kernel/relay.ts'
import { RelayRunner, type RelayRunnerParts } from './relay-runner.ts'

/** What relays are run with. */
export interface RelaysParts extends RelayRunnerParts {
  readonly relays: readonly Relay[]
}

/** The relays that this process takes part in. */
export interface Relays {
  /** There may be something to send. */
  wake(): void
  /** Ends them; what was on its way is sent again by whoever goes on. Resolves within a few seconds. */
  stop(): Promise<void>
}

/**
 * Sends messages on to brokers: at least once each, those of a key in order. Any number of processes may do it; each batch of a relay is sent
 * by one of them. `pool` needs a connection for each relay.
 */
export function startRelays({ relays, ...parts }: RelaysParts): Relays {
  const runners = relays.map((relay) => new RelayRunner(relay, parts))
  return {
    wake() {
      for (const runner of runners) runner.wake()
    },
    async stop() {
      await Promise.all(runners.map((runner) => runner.stop()))
    },
  }
}
