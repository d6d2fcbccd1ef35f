import { deliver } from './deliver.ts'
import type { Losses, Signal } from './losses.ts'
import { addressOf, type OtlpTarget } from './target.ts'

/** Exports records in the background. */
export interface Exporter {
  /** Schedules an early export. It returns at once, since it may be called while a request runs. */
  wake(): void
  /** Exports what has been recorded, and waits for it. */
  flush(): Promise<void>
  /**
   * Exports what has been recorded for the last time. When `abort` is aborted, the rest is lost.
   */
  stop(abort: AbortSignal): Promise<void>
}

/** Records that are sent in one request. */
export interface Batch {
  /** The number of records. */
  readonly count: number
  /** The number of earlier records that were overwritten before they were sent. */
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
  /** Runs the export so that it is not recorded itself. */
  readonly unseen: <T>(work: () => T) => T
  /** Called whenever everything pending has been sent. */
  readonly onIdle?: () => void
}

/**
 * Creates an exporter. It makes one request at a time, so that no more than one batch waits for a
 * receiver that is down.
 */
export function createExporter(options: ExporterOptions): Exporter {
  const { signal, target, losses, pending, take, unseen, onIdle } = options
  const receiver = `The receiver of ${signal} at ${addressOf(target)}`
  const hurry = new AbortController()
  const abort = new AbortController()
  let running: Promise<void> | undefined
  let isWoken = false

  async function send({ count, lost, body }: Batch): Promise<void> {
    if (lost > 0) {
      const message = `${receiver} is slower than the service records ${signal}; the oldest were overwritten. Sample fewer traces (OTEL_TRACES_SAMPLER_ARG) or raise OTEL_BSP_MAX_QUEUE_SIZE.`
      losses.add(lost, { reason: 'overwritten', message })
    }
    const outcome = await deliver(target, body, { hurry: hurry.signal, abort: abort.signal })
    if (outcome.kind !== 'accepted') {
      const message = `${receiver} rejected them: ${outcome.reason}. Set OTEL_EXPORTER_OTLP_ENDPOINT, or the option endpoint, to an OTLP/HTTP receiver that accepts JSON, such as http://localhost:4318.`
      losses.add(count, { reason: outcome.kind, message })
    } else if (outcome.rejected > 0 || outcome.message !== undefined) {
      const message = `${receiver} rejected ${outcome.rejected} of ${count}: ${outcome.message ?? 'no reason given'}.`
      losses.add(outcome.rejected, { reason: 'refused', message })
    }
  }

  /**
   * Sends the records that are pending at its start. Later ones wait for the next export: otherwise
   * a busy service would send many small requests.
   */
  async function sendAll(): Promise<void> {
    let left = pending()
    while (left > 0 && !abort.signal.aborted) {
      const batch = take()
      await send(batch)
      left -= batch.count + batch.lost
    }
    if (left > 0) {
      const message = `The service stopped before they could be sent to ${addressOf(target)}.`
      losses.add(left, { reason: 'unavailable', message })
    }
    onIdle?.()
  }

  function run(): Promise<void> {
    return (running ??= unseen(sendAll).finally(() => (running = undefined)))
  }

  async function flush(): Promise<void> {
    // The running export was assembled before the last records were written.
    await running
    await run()
  }

  const timer = setInterval(() => void run(), options.everyMs)
  timer.unref()

  return {
    wake() {
      if (isWoken || hurry.signal.aborted) return
      isWoken = true
      setImmediate(() => {
        isWoken = false
        void run()
      })
    },
    flush,
    async stop(giveUp) {
      clearInterval(timer)
      const abandon = (): void => abort.abort(giveUp.reason)
      giveUp.addEventListener('abort', abandon, { once: true })
      if (giveUp.aborted) abandon()
      hurry.abort()
      await flush()
      giveUp.removeEventListener('abort', abandon)
      losses.tell()
    },
  }
}
