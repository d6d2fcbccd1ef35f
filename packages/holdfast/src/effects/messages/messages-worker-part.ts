import type { Workload } from '../../kernel/background/background.ts'
import type { PublishedMessage } from '../../kernel/background/event.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { RecurringTask } from '../../kernel/base/recurring-task.ts'
import type { CapabilityHost, WorkerHost, WorkerPart } from '../../storage/capability/database-capability.ts'
import type { OpenPool } from '../../storage/postgres/pool/open-pool.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import type { Waker } from '../wakes/waker.ts'
import { consumerJob } from './consumer-job.ts'
import { connectionsOf, type MessagePump, startMessagePump } from './message-pump.ts'
import { startMessagePruning } from './prune.ts'

/** Dependencies of {@link MessagesWorkerPart}. */
export interface MessagesWorkerParts extends CapabilityHost {
  readonly openPool: OpenPool
  /** Binds a transaction for a handler. */
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly waker: Waker
  /** Returns the statements that resume the jobs that wait for messages. */
  readonly resolveWaits: (messages: readonly PublishedMessage[]) => readonly Statement[]
  /** Returns the interval between polls for messages, in milliseconds. */
  readonly pollMs: () => number
  /** Called when this process has started to dispatch messages. */
  readonly onStarted: () => Promise<void>
}

/** Dispatches messages, and runs the consumers, subscribers and relays of a service. */
export class MessagesWorkerPart implements WorkerPart {
  /** The jobs of the consumers. */
  readonly jobs: readonly Job[]
  readonly #host: MessagesWorkerParts
  readonly #workload: Workload
  /** The connections of readers; `undefined` if there are no readers. */
  readonly #readerPool: Pool | undefined
  #pump: MessagePump | undefined
  #pruning: RecurringTask | undefined
  #unlisten: (() => void) | undefined

  constructor(host: MessagesWorkerParts, workload: Workload) {
    this.#host = host
    this.#workload = workload
    this.jobs = workload.consumers.map((consumer) => consumerJob(consumer, host.service))
    const readers = connectionsOf(workload)
    if (readers > 0) this.#readerPool = host.openPool('holdfast (messages)', readers, { lane: 'messages' })
  }

  async start({ leads }: WorkerHost): Promise<void> {
    const { waker, clock, log, onStarted } = this.#host
    const pump = this.#startPump(leads)
    this.#pump = pump
    this.#pruning = startMessagePruning({ pool: this.#host.pools.own, clock, log, isResponsible: leads })
    this.#unlisten = waker.listen({
      wake(wake) {
        if (wake.kind === 'published') pump.published(wake)
        else if (wake.kind === 'messages') pump.dispatched(wake)
      },
      look: () => pump.look(),
    })
    await onStarted()
  }

  #startPump(leads: () => boolean): MessagePump {
    const host = this.#host
    const { service, bind, resolveWaits, waker, pollMs } = host
    const { consumers, subscribers, relays } = this.#workload
    const pool = host.pools.own
    const readerPool = this.#readerPool ?? pool
    const readers = { consumers, subscribers, relays }
    return startMessagePump({
      ...readers,
      service,
      pool,
      readerPool,
      bind,
      resolveWaits,
      host,
      waker,
      leads,
      pollMs,
    })
  }

  async stop(): Promise<readonly string[]> {
    this.#unlisten?.()
    await Promise.all([this.#pump?.stop(), this.#pruning?.stop()])
    return []
  }

  async close(): Promise<void> {
    await this.#readerPool?.end()
  }
}
