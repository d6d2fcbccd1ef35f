import type { Subscriber } from '../../kernel/background/background.ts'
import type { Consumer } from '../../kernel/background/consumer.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { PublishedMessage } from '../../kernel/background/event.ts'
import type { Relay } from '../../kernel/background/relay.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import { systemWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { startDispatcher } from './dispatcher.ts'
import { startFanOut } from './fan-out.ts'
import {
  type AbandonedRow,
  type LogRow,
  markSeen,
  readLog,
  type SubscriptionName,
} from './queries/subscriptions.ts'
import { startRelays } from './relays.ts'
import { SubscriberRunner } from './subscriber-runner.ts'

// Moves messages in a worker process:
//
//                        ┌→ fan-out: jobs of consumers
//   dispatcher ─position→├→ subscribers, each on its own
//                        └→ relays, each on its own
//
// Each reader stores its position in the database and advances it in the transaction of its
// effects. The dispatcher runs in the leader of a service, and wakes the processes with readers of
// the messages that it dispatched. In case a wake is lost, each process also polls; it includes
// messages without a position, in case the leader has died.

/** Dependencies of {@link startMessagePump}. */
export interface MessagePumpParts {
  readonly service: string
  readonly consumers: readonly Consumer[]
  readonly subscribers: readonly Subscriber[]
  readonly relays: readonly Relay[]
  /** Lends connections for the framework's own statements. */
  readonly pool: Pool
  /**
   * Lends connections to readers, at most {@link connectionsOf}: a relay holds one while its broker
   * is slow.
   */
  readonly readerPool: Pool
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly resolveWaits: (messages: readonly PublishedMessage[]) => readonly Statement[]
  readonly host: ServiceHost
  readonly waker: PumpWaker
  /** Returns whether this process is the leader of its service, which dispatches. */
  readonly leads: () => boolean
  /** Returns the interval between polls for messages, in milliseconds. */
  readonly pollMs: () => number
}

/** Notifies processes of dispatched messages, and leaders of resumed jobs. */
export interface PumpWaker {
  send(kind: 'messages' | 'due', names: Iterable<string>, service?: string): void
}

/** A notification about messages of a service. */
export interface MessageNotice {
  readonly service: string
  /** The names of their events; `undefined` means any event. */
  readonly names: ReadonlySet<string> | undefined
}

/** The readers and the dispatcher of a process. */
export interface MessagePump {
  /** Called when messages have been published, here or elsewhere. */
  published(messages: MessageNotice): void
  /** Called when messages have been dispatched, here or elsewhere. */
  dispatched(messages: MessageNotice): void
  /** Polls for messages now, since wakes may have been lost. */
  look(): void
  /** Stops the readers and the dispatcher; resolves when the passes that are running have ended. */
  stop(): Promise<void>
}

// Delay after a failed poll.
const retryMs = 1_000
const markEveryMs = 60_000
const limitMs = 5_000

/** Returns the maximum number of connections that the readers of a pump use at once. */
export function connectionsOf({
  subscribers,
  relays,
}: Pick<MessagePumpParts, 'subscribers' | 'relays'>): number {
  return subscribers.length + relays.length
}

/** Starts to dispatch messages, and to run the subscriptions of this process. */
export function startMessagePump(parts: MessagePumpParts): MessagePump {
  const { service, consumers, subscribers, relays, pool, readerPool, host, waker } = parts
  const { clock, log } = host
  const shared = { service, pool, bind: parts.bind, clock, log }
  const fanOut = startFanOut({ ...shared, consumers })
  const runners = new Map(
    subscribers.map((subscriber) => [
      subscriber.name,
      new SubscriberRunner({ ...shared, pool: readerPool, subscriber }),
    ]),
  )
  const relaying = startRelays({ relays, service, pool: readerPool, host })
  const dispatcher = startDispatcher({
    pool,
    clock,
    log,
    resolveWaits: parts.resolveWaits,
    onDispatched({ events, resumed }) {
      for (const [publisher, names] of events) waker.send('messages', names, publisher)
      for (const resuming of resumed) waker.send('due', [], resuming)
    },
  })
  const own = namesOf(parts)
  const polling = startRecurringTask({
    failure: 'polling for messages failed',
    clock,
    log,
    everyMs: parts.pollMs,
    retryMs,
    work: (stopping) => poll(stopping),
  })
  const marking = startMarking(own, parts)

  async function poll(stopping: AbortSignal): Promise<undefined> {
    const work = systemWork(AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]))
    const { rows } = await withConnection(pool, work, (connection) =>
      connection.run<LogRow>(readLog(service, own)),
    )
    const { has_new: hasNew = false, behind = [] } = rows[0] ?? {}
    if (hasNew) dispatcher.now()
    if (behind.some(({ kind }) => kind === 'consumer')) fanOut.now()
    for (const { kind, name } of behind) if (kind === 'subscriber') runners.get(name)?.now()
    if (behind.some(({ kind }) => kind === 'relay')) relaying.wake()
  }

  const isReadBy = {
    consumer:
      (messages: MessageNotice) =>
      ({ event, publisher = service }: Consumer) =>
        publisher === messages.service && messages.names?.has(event.name) !== false,
    reader:
      (messages: MessageNotice) =>
      ({ events }: Subscriber | Relay) =>
        messages.service === service &&
        (events?.some(({ name }) => messages.names?.has(name) !== false) ?? true),
  }

  function concernsReaders(messages: MessageNotice): boolean {
    return (
      consumers.some(isReadBy.consumer(messages)) ||
      [...subscribers, ...relays].some(isReadBy.reader(messages))
    )
  }

  return {
    published(messages) {
      // Another service may have no leader.
      if (parts.leads() && (messages.service === service || concernsReaders(messages))) dispatcher.now()
    },
    dispatched(messages) {
      if (consumers.some(isReadBy.consumer(messages))) fanOut.now()
      for (const subscriber of subscribers)
        if (isReadBy.reader(messages)(subscriber)) runners.get(subscriber.name)?.now()
      if (relays.some(isReadBy.reader(messages))) relaying.wake()
    },
    look: () => polling.now(),
    async stop() {
      const tasks: Pick<RecurringTask, 'stop'>[] = [
        polling,
        marking,
        dispatcher,
        fanOut,
        relaying,
        ...runners.values(),
      ]
      await Promise.all(tasks.map((task) => task.stop()))
    },
  }
}

function namesOf({ consumers, subscribers, relays }: MessagePumpParts): readonly SubscriptionName[] {
  return [
    ...consumers.map(({ name }) => ({ kind: 'consumer' as const, name })),
    ...subscribers.map(({ name }) => ({ kind: 'subscriber' as const, name })),
    ...relays.map(({ name }) => ({ kind: 'relay' as const, name })),
  ]
}

/** Starts to mark this process's subscriptions as seen, and to log those that no process runs. */
function startMarking(own: readonly SubscriptionName[], parts: MessagePumpParts): RecurringTask {
  const { service, pool, host } = parts
  const { clock, log } = host
  const reported = new Set<string>()
  return startRecurringTask({
    failure: 'marking subscriptions as seen failed',
    clock,
    log,
    everyMs: markEveryMs,
    async work(stopping) {
      const work = systemWork(AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]))
      const { rows } = await withConnection(pool, work, (connection) =>
        connection.run<AbandonedRow>(markSeen(service, own)),
      )
      for (const { kind, name, seen_at: seenAt } of rows) {
        const id = `${kind} ${name}`
        if (reported.has(id)) continue
        reported.add(id)
        log.warn(
          { [kind]: name, seenAt },
          `no process runs this ${kind}, but messages are waiting for it; deploy one, or remove it with \`holdfast messages remove\``,
        )
      }
      return undefined
    },
  })
}
