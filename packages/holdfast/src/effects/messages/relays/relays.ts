import type { Relay } from '../../../kernel/background/relay.ts'
import { RelayRunner, type RelayRunnerParts } from './relay-runner.ts'

/** Dependencies of {@link startRelays}. */
export interface RelaysParts extends RelayRunnerParts {
  readonly relays: readonly Relay[]
}

/** The relays that this process runs. */
export interface Relays {
  /** Called when there may be messages to send. */
  wake(): void
  /**
   * Stops the relays, and resolves within a few seconds. The next process that runs the relay sends
   * the messages in flight again.
   */
  stop(): Promise<void>
}

/**
 * Starts to forward messages to brokers. Each message is sent at least once, and messages with the
 * same key are sent in order. Any number of processes may run the same relay; each batch is sent by
 * one of them. `pool` needs a connection for each relay.
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
