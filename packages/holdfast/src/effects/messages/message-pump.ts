import type { Subscriber } from '../../kernel/background/background.ts'
import type { Consumer } from '../../kernel/background/consumer.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { PublishedMessage } from '../../kernel/background/event.ts'
import type { Relay } from '../../kernel/background/relay.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { type Dispatched, startDispatcher } from './dispatcher.ts'
import { startFanOut } from './fan-out.ts'
import { isReadBy, isConsumedBy, type MessageNotice } from './message-notice.ts'
import { type LogRow, readLog, type SubscriptionName } from './queries/subscriptions.ts'
import { type Relays, startRelays } from './relays/relays.ts'
import { SubscriberRunner } from './subscriber-runner.ts'
import { startMarking } from './subscription-marks.ts'

// Moves messages in a worker process:
//
//                        ┌→ fan-out: jobs of consumers
//   dispatcher ─position→├→ subscribers, each on its own
//                        └→ relays, each on its own
//
// Each reader stores its position in the database and advances it in the transaction of its
// effects. The dispatcher runs in the leader of a service, and wakes the processes that read the
// dispatched messages. A wake can be lost, so each process also polls. The leader can die, so the
// poll includes messages without a position.

/** Dependencies of {@link startMessagePump}. */
export interface MessagePumpParts {
  readonly service: string
  readonly consumers: readonly Consumer[]
  readonly subscribers: readonly Subscriber[]
  readonly relays: readonly Relay[]
  /** Lends connections for the framework's own statements. */
  readonly pool: Pool
  /**
   * Lends connections to readers, at most as many as {@link connectionsOf} returns. A relay holds
   * its connection until its broker responds.
   */
  readonly readerPool: Pool
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly resolveWaits: (messages: readonly PublishedMessage[]) => readonly Statement[]
  readonly host: ServiceHost
  readonly waker: PumpWaker
  /** Returns whether this process is the leader of its service. The leader dispatches messages. */
  readonly leads: () => boolean
  /** Returns the interval between polls for messages, in milliseconds. */
  readonly pollMs: () => number
}

/** Notifies processes of dispatched messages, and leaders of resumed jobs. */
export interface PumpWaker {
  send(kind: 'messages' | 'due', names: Iterable<string>, service?: string): void
}

/** The readers and the dispatcher of a process. */
export interface MessagePump {
  /** Called when messages have been published, here or elsewhere. */
  published(messages: MessageNotice): void
  /** Called when messages have been dispatched, here or elsewhere. */
  dispatched(messages: MessageNotice): void
  /** Polls for messages now, since wakes may have been lost. */
  look(): void
  /** Stops the readers and the dispatcher; resolves when their running passes have ended. */
  stop(): Promise<void>
}

// Delay after a failed poll.
const retryMs = 1_000
const limitMs = 5_000

/** Returns the max number of connections that a pump's readers use at the same time. */
export function connectionsOf({
  subscribers,
  relays,
}: Pick<MessagePumpParts, 'subscribers' | 'relays'>): number {
  return subscribers.length + relays.length
}

/** Starts to dispatch messages, and to run the subscriptions of this process. */
export function startMessagePump(parts: MessagePumpParts): MessagePump {
  return new ProcessPump(parts)
}

class ProcessPump implements MessagePump {
  readonly #parts: MessagePumpParts
  readonly #subscriptions: readonly SubscriptionName[]
  readonly #fanOut: RecurringTask
  readonly #runners: ReadonlyMap<string, SubscriberRunner>
  readonly #relays: Relays
  readonly #dispatcher: RecurringTask
  readonly #polling: RecurringTask
  readonly #marking: RecurringTask

  constructor(parts: MessagePumpParts) {
    const { service, pool, readerPool, host, resolveWaits } = parts
    const { clock, log } = host
    const shared = { service, pool, bind: parts.bind, clock, log }
    this.#parts = parts
    this.#subscriptions = namesOf(parts)
    this.#fanOut = startFanOut({ ...shared, consumers: parts.consumers })
    this.#runners = new Map(
      parts.subscribers.map((subscriber) => [
        subscriber.name,
        new SubscriberRunner({ ...shared, pool: readerPool, subscriber }),
      ]),
    )
    this.#relays = startRelays({ relays: parts.relays, service, pool: readerPool, host })
    this.#dispatcher = startDispatcher({
      pool,
      clock,
      log,
      resolveWaits,
      onDispatched: (dispatched) => this.#wakeReaders(dispatched),
    })
    this.#polling = startRecurringTask({
      failure: 'polling for messages failed',
      clock,
      log,
      everyMs: parts.pollMs,
      retryMs,
      work: (stopping) => this.#poll(stopping),
    })
    this.#marking = startMarking(this.#subscriptions, parts)
  }

  published(messages: MessageNotice): void {
    // This process dispatches another service's messages if it reads them, because that service may
    // have no leader.
    const concerns = messages.service === this.#parts.service || this.#concernsReaders(messages)
    if (this.#parts.leads() && concerns) this.#dispatcher.now()
  }

  dispatched(messages: MessageNotice): void {
    const { service, consumers, subscribers, relays } = this.#parts
    if (consumers.some(isConsumedBy(messages, service))) this.#fanOut.now()
    for (const { name } of subscribers.filter(isReadBy(messages, service))) this.#runners.get(name)?.now()
    if (relays.some(isReadBy(messages, service))) this.#relays.wake()
  }

  look(): void {
    this.#polling.now()
  }

  async stop(): Promise<void> {
    const tasks: Pick<RecurringTask, 'stop'>[] = [
      this.#polling,
      this.#marking,
      this.#dispatcher,
      this.#fanOut,
      this.#relays,
      ...this.#runners.values(),
    ]
    await Promise.all(tasks.map((task) => task.stop()))
  }

  #concernsReaders(messages: MessageNotice): boolean {
    const { service, consumers, subscribers, relays } = this.#parts
    return (
      consumers.some(isConsumedBy(messages, service)) ||
      [...subscribers, ...relays].some(isReadBy(messages, service))
    )
  }

  /** Wakes the processes that read dispatched messages, and the leaders of resumed jobs. */
  #wakeReaders({ events, resumed }: Dispatched): void {
    const { waker } = this.#parts
    for (const [publisher, names] of events) waker.send('messages', names, publisher)
    for (const service of resumed) waker.send('due', [], service)
  }

  async #poll(stopping: AbortSignal): Promise<undefined> {
    const { service, pool } = this.#parts
    const work = limitedWork(limitMs, stopping)
    const { rows } = await withConnection(pool, work, (connection) =>
      connection.run<LogRow>(readLog(service, this.#subscriptions)),
    )
    const { has_new: hasNew = false, behind = [] } = rows[0] ?? {}
    if (hasNew) this.#dispatcher.now()
    if (behind.some(({ kind }) => kind === 'consumer')) this.#fanOut.now()
    for (const { kind, name } of behind) if (kind === 'subscriber') this.#runners.get(name)?.now()
    if (behind.some(({ kind }) => kind === 'relay')) this.#relays.wake()
  }
}

function namesOf({ consumers, subscribers, relays }: MessagePumpParts): readonly SubscriptionName[] {
  return [
    ...consumers.map(({ name }) => ({ kind: 'consumer' as const, name })),
    ...subscribers.map(({ name }) => ({ kind: 'subscriber' as const, name })),
    ...relays.map(({ name }) => ({ kind: 'relay' as const, name })),
  ]
}
