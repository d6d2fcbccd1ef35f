import { abortable } from '../../../kernel/base/cancellation.ts'
import { runWithTimeout } from '../../../kernel/base/wait.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { toLogFields } from '../../../kernel/base/log.ts'
import type { BrokerConnection, Relay, RelayedMessage } from '../../../kernel/background/relay.ts'
import type { ServiceHost } from '../../../kernel/host/service-host.ts'

const connectLimitMs = 10_000
const closeLimitMs = 1_000

/** Timeout for sending a batch to a broker, in milliseconds. */
export const sendLimitMs = 10_000

/** A relay's connection to its broker, opened on first use and again after it was closed. */
export class RelayLink {
  readonly #relay: Relay
  readonly #host: ServiceHost
  #connection: BrokerConnection | undefined

  constructor(relay: Relay, host: ServiceHost) {
    this.#relay = relay
    this.#host = host
  }

  async connect(stopping: AbortSignal): Promise<void> {
    this.#connection ??= await this.#limited('connecting', connectLimitMs, {
      stopping,
      work: (signal) => this.#relay.to.connect(this.#host, signal),
    })
  }

  /** Sends messages; resolves when the broker has stored them. Call `connect` first. */
  async send(messages: readonly RelayedMessage[], stopping: AbortSignal): Promise<void> {
    const connection = this.#connection!
    await this.#limited(`sending ${messages.length} messages`, sendLimitMs, {
      stopping,
      work: (signal) => connection.send(messages, signal),
    })
  }

  /** Closes the connection. Never rejects. */
  async close(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    if (!connection) return
    await abortable(connection.close(), AbortSignal.timeout(closeLimitMs)).catch((error: unknown) => {
      this.#host.log.debug(
        { error: toLogFields(error), relay: this.#relay.name },
        'closing the connection to a broker failed',
      )
    })
  }

  /** Waits for the broker until a timeout, or until the relay stops. */
  async #limited<T>(
    what: string,
    limitMs: number,
    {
      stopping,
      work,
    }: { readonly stopping: AbortSignal; readonly work: (signal: AbortSignal) => Promise<T> },
  ): Promise<T> {
    const { name, to } = this.#relay
    const timedOut = (): HoldfastError =>
      new HoldfastError(
        'broker-timeout',
        `Relay "${name}": ${what} to ${to.name} timed out after ${limitMs} ms. Check whether the broker is overloaded or packets are dropped.`,
      )
    return runWithTimeout({ timeoutMs: limitMs, timedOut, clock: this.#host.clock, stopping }, work)
  }
}
