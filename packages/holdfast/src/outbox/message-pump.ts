import type { Subscriber } from '../kernel/background.ts'
import type { Consumer } from '../kernel/consumer.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { PublishedMessage } from '../kernel/event.ts'
import type { Relay } from '../kernel/relay.ts'
import type { Surroundings } from '../kernel/surroundings.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Statement } from '../postgres/statement.ts'
import type { BoundTransaction, HandlerSession } from '../postgres/transaction-session.ts'
import { withConnection } from '../postgres/with-connection.ts'
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

// Everything that moves messages in a worker process:
//
//                        ┌→ fan-out: jobs of consumers
//   dispatcher ─position→├→ subscribers, each by itself
//                        └→ relays, each by itself
//
// Each reader has a position in the database and advances it in the transaction of its own effects. A
// notification wakes them; one statement a second, whatever their number, finds what no notification
// told of.

/** Dependencies of {@link startMessagePump}. */
export interface MessagePumpParts {
  readonly service: string
  readonly consumers: readonly Consumer[]
  readonly subscribers: readonly Subscriber[]
  readonly relays: readonly Relay[]
  /** Lends connections for the framework's own statements. */
  readonly pool: Pool
  /** Lends {@link connectionsOf} connections to readers: a relay holds one while its broker is slow. */
  readonly readerPool: Pool
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly resolveWaits: (messages: readonly PublishedMessage[]) => readonly Statement[]
  readonly surroundings: Surroundings
  /** Called when there are new jobs to run. */
  readonly wakeJobs: () => void
}

/** The readers and the dispatcher of a process. */
export interface MessagePump {
  /** Called when messages may have been published, here or elsewhere. */
  wake(): void
  /** Starts nothing more; resolves when what is under way has ended. */
  stop(): Promise<void>
}

const pollMs = 1_000
const markEveryMs = 60_000
const limitMs = 5_000

/** Returns the max number of connections that the readers of a pump use at once. */
export function connectionsOf({
  subscribers,
  relays,
}: Pick<MessagePumpParts, 'subscribers' | 'relays'>): number {
  return subscribers.length + relays.length
}

/** Starts to dispatch messages, and to run the subscriptions that this process has. */
export function startMessagePump(parts: MessagePumpParts): MessagePump {
  const { service, consumers, subscribers, relays, pool, readerPool, surroundings, wakeJobs } = parts
  const { clock, log } = surroundings
  const shared = { service, pool, bind: parts.bind, clock, log, onEnqueued: wakeJobs }
  const fanOut = startFanOut({ ...shared, consumers })
  const runners = new Map(
    subscribers.map((subscriber) => [
      subscriber.name,
      new SubscriberRunner({ ...shared, pool: readerPool, subscriber }),
    ]),
  )
  const relaying = startRelays({ relays, service, pool: readerPool, surroundings })
  const dispatcher = startDispatcher({
    pool,
    clock,
    log,
    resolveWaits: parts.resolveWaits,
    onDispatched() {
      wakeJobs()
      fanOut.now()
      for (const runner of runners.values()) runner.now()
      relaying.wake()
    },
  })
  const own = namesOf(parts)
  const polling = startDuty({
    failure: 'polling for messages failed',
    clock,
    log,
    everyMs: pollMs,
    work: (stopping) => poll(stopping),
  })
  const marking = startMarking(own, parts)

  async function poll(stopping: AbortSignal): Promise<undefined> {
    const work = ownWork(AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]))
    const { rows } = await withConnection(pool, work, (connection) =>
      connection.run<LogRow>(readLog(service, own)),
    )
    const { has_new: hasNew = false, behind = [] } = rows[0] ?? {}
    if (hasNew) dispatcher.now()
    if (behind.some(({ kind }) => kind === 'consumer')) fanOut.now()
    for (const { kind, name } of behind) if (kind === 'subscriber') runners.get(name)?.now()
    if (behind.some(({ kind }) => kind === 'relay')) relaying.wake()
  }

  return {
    wake: () => dispatcher.now(),
    async stop() {
      const duties: Pick<Duty, 'stop'>[] = [
        polling,
        marking,
        dispatcher,
        fanOut,
        relaying,
        ...runners.values(),
      ]
      await Promise.all(duties.map((duty) => duty.stop()))
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

/** Starts to mark the subscriptions of this process as seen, and to report those that no process runs. */
function startMarking(own: readonly SubscriptionName[], parts: MessagePumpParts): Duty {
  const { service, pool, surroundings } = parts
  const { clock, log } = surroundings
  const reported = new Set<string>()
  return startDuty({
    failure: 'marking subscriptions as seen failed',
    clock,
    log,
    everyMs: markEveryMs,
    async work(stopping) {
      const work = ownWork(AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]))
      const { rows } = await withConnection(pool, work, (connection) =>
        connection.run<AbandonedRow>(markSeen(service, own)),
      )
      for (const { kind, name, seen_at: seenAt } of rows) {
        const id = `${kind} ${name}`
        if (reported.has(id)) continue
        reported.add(id)
        log.warn(
          { [kind]: name, seenAt },
          `no process runs this ${kind}, and messages wait for it; deploy one, or remove it with \`holdfast outbox forget\``,
        )
      }
      return undefined
    },
  })
}
