import { deliver } from './deliver.ts'
import type { Losses, Signal } from './losses.ts'
import { addressOf, type OtlpTarget } from './target.ts'

/** Exports records in the background. */
export interface Exporter {
  /** Schedules an early export. Returns immediately, because it may be called during a request. */
  wake(): void
  /** Exports the records so far, and resolves when the export has ended. */
  flush(): Promise<void>
  /** Exports the remaining records and stops. Records not yet sent when `abort` fires are lost. */
  stop(abort: AbortSignal): Promise<void>
}

/** The records of one request. */
export interface Batch {
  /** The number of records. */
  readonly count: number
  /** The number of earlier records overwritten before being sent. */
  readonly lost: number
  readonly body: string
}

/** Options of {@link createExporter}. */
export interface ExporterOptions {
  readonly signal: Signal
  readonly target: OtlpTarget
  readonly losses: Losses
  /** The interval between exports, in milliseconds. */
  readonly everyMs: number
  /** Returns the number of records to send. */
  readonly pending: () => number
  /** Returns the next records, as many as fit into a request. */
  readonly take: () => Batch
  /** Runs the export without recording it. */
  readonly unseen: <T>(work: () => T) => T
  /** Called whenever all pending records have been sent. */
  readonly onIdle?: () => void
}

/**
 * Creates an exporter. It makes one request at a time, so that no more than one batch waits for a
 * receiver that is down.
 */
export function createExporter(options: ExporterOptions): Exporter {
  return new BatchExporter(options)
}

class BatchExporter implements Exporter {
  readonly #options: ExporterOptions
  /** The name of the receiver in messages. */
  readonly #receiver: string
  readonly #timer: NodeJS.Timeout
  /** Aborted when the service stops, which ends the pause between two attempts. */
  readonly #hurry = new AbortController()
  /** Aborted when the stop takes too long. Records not sent by then are lost. */
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined
  #isWoken = false

  constructor(options: ExporterOptions) {
    this.#options = options
    this.#receiver = `The receiver of ${options.signal} at ${addressOf(options.target)}`
    this.#timer = setInterval(() => void this.#run(), options.everyMs)
    this.#timer.unref()
  }

  wake(): void {
    if (this.#isWoken || this.#hurry.signal.aborted) return
    this.#isWoken = true
    setImmediate(() => {
      this.#isWoken = false
      void this.#run()
    })
  }

  async flush(): Promise<void> {
    // The running export does not contain the last records, so another export must follow.
    await this.#running
    await this.#run()
  }

  async stop(giveUp: AbortSignal): Promise<void> {
    clearInterval(this.#timer)
    const abandon = (): void => this.#abort.abort(giveUp.reason)
    giveUp.addEventListener('abort', abandon, { once: true })
    if (giveUp.aborted) abandon()
    this.#hurry.abort()
    await this.flush()
    giveUp.removeEventListener('abort', abandon)
    this.#options.losses.tell()
  }

  #run(): Promise<void> {
    return (this.#running ??= this.#options
      .unseen(() => this.#sendAll())
      .finally(() => (this.#running = undefined)))
  }

  /**
   * Sends the records pending at the time of the call. Later records wait for the next export;
   * otherwise a busy service would send many small requests.
   */
  async #sendAll(): Promise<void> {
    const { signal, pending, take, losses, target, onIdle } = this.#options
    let left = pending()
    while (left > 0 && !this.#abort.signal.aborted) {
      const batch = take()
      await this.#send(batch)
      left -= batch.count + batch.lost
    }
    if (left > 0) {
      const message = `The service stopped before all ${signal} could be sent to ${addressOf(target)}.`
      losses.add(left, { reason: 'unavailable', message })
    }
    onIdle?.()
  }

  async #send({ count, lost, body }: Batch): Promise<void> {
    const { signal, target, losses } = this.#options
    if (lost > 0) {
      const message = `${this.#receiver} is slower than the service records ${signal}; the oldest ${signal} were overwritten. Sample fewer traces (OTEL_TRACES_SAMPLER_ARG) or raise OTEL_BSP_MAX_QUEUE_SIZE.`
      losses.add(lost, { reason: 'overwritten', message })
    }
    const outcome = await deliver(target, body, { hurry: this.#hurry.signal, abort: this.#abort.signal })
    if (outcome.kind !== 'accepted') {
      const message = `${this.#receiver} did not accept the ${signal}: ${outcome.reason}. Set OTEL_EXPORTER_OTLP_ENDPOINT, or the option endpoint, to an OTLP/HTTP receiver that accepts JSON, such as http://localhost:4318.`
      losses.add(count, { reason: outcome.kind, message })
    } else if (outcome.rejected > 0 || outcome.message !== undefined) {
      const message = `${this.#receiver} rejected ${outcome.rejected} of ${count}: ${outcome.message ?? 'no reason given'}.`
      losses.add(outcome.rejected, { reason: 'refused', message })
    }
  }
}
