import { deliver } from './deliver.ts'
import type { Losses, Signal } from './losses.ts'
import { addressOf, type OtlpTarget } from './target.ts'

/** Sends records away, in the background. */
export interface Exporter {
  /** Sends what there is soon, before its time but not now: it may be called on the way of a request. */
  wake(): void
  /** Sends what there is by now, and waits for it. */
  flush(): Promise<void>
  /** Sends what there is by now, for the last time. Where `abort` is aborted before, the rest is lost. */
  stop(abort: AbortSignal): Promise<void>
}

/** Records that are sent in one request. */
export interface Batch {
  /** How many they are. */
  readonly count: number
  /** How many were overwritten that would have come before them. */
  readonly lost: number
  readonly body: string
}

/** Options of {@link createExporter}. */
export interface ExporterOptions {
  readonly signal: Signal
  readonly target: OtlpTarget
  readonly losses: Losses
  /** How often it sends what there is, in milliseconds. */
  readonly everyMs: number
  /** How many records there are to send. */
  readonly pending: () => number
  /** Gives the next ones, as many as fit into a request. */
  readonly take: () => Batch
  /** Runs what sends, so that it is not recorded itself. */
  readonly unseen: <T>(work: () => T) => T
  /** Is called whenever it has sent what there was. */
  readonly onIdle?: () => void
}

/** Makes an exporter: one request at a time, so that no more than one batch waits for a receiver that is away. */
export function createExporter(options: ExporterOptions): Exporter {
  const { signal, target, losses, pending, take, unseen, onIdle } = options
  const receiver = `The receiver of ${signal} at ${addressOf(target)}`
  const hurry = new AbortController()
  const abort = new AbortController()
  let running: Promise<void> | undefined
  let isWoken = false

  async function send({ count, lost, body }: Batch): Promise<void> {
    if (lost > 0) {
      const message = `${receiver} does not take ${signal} as fast as they come: the oldest were overwritten. Record fewer traces (OTEL_TRACES_SAMPLER_ARG), or keep more (OTEL_BSP_MAX_QUEUE_SIZE).`
      losses.add(lost, { reason: 'overwritten', message })
    }
    const outcome = await deliver(target, body, { hurry: hurry.signal, abort: abort.signal })
    if (outcome.kind !== 'accepted') {
      const message = `${receiver} did not take them: ${outcome.reason}. OTEL_EXPORTER_OTLP_ENDPOINT, or the option endpoint, has to name a receiver of OTLP/HTTP that takes JSON, such as http://localhost:4318.`
      losses.add(count, { reason: outcome.kind, message })
    } else if (outcome.rejected > 0 || outcome.message !== undefined) {
      const message = `${receiver} left out ${outcome.rejected} of ${count}: ${outcome.message ?? 'it did not say why'}.`
      losses.add(outcome.rejected, { reason: 'refused', message })
    }
  }

  /** What comes meanwhile waits for the next time: else a busy service would send many small requests. */
  async function sendAll(): Promise<void> {
    let left = pending()
    while (left > 0 && !abort.signal.aborted) {
      const batch = take()
      await send(batch)
      left -= batch.count + batch.lost
    }
    if (left > 0) {
      const message = `There was no time to send them to ${addressOf(target)} before the service stopped.`
      losses.add(left, { reason: 'unavailable', message })
    }
    onIdle?.()
  }

  function run(): Promise<void> {
    return (running ??= unseen(sendAll).finally(() => (running = undefined)))
  }

  async function flush(): Promise<void> {
    // What is being sent was put together before the last records came.
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
