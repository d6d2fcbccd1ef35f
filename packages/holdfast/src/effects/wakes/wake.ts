/**
 * The reason for a wake:
 *
 * - `jobs`: jobs of these names are ready. Workers with these names claim.
 * - `returned`: jobs of these names are ready again: released, rescued or redriven. Workers claim
 *   with a sweep.
 * - `limited`: jobs of these names wait for their limits. The leader admits them.
 * - `due`: a job is due soon, or now. The leader schedules its next poll.
 * - `orphaned`: a worker has left running jobs behind. The leader rescues them.
 * - `cancelled`: running jobs of these names were cancelled. Workers that run them abort them.
 * - `published`: messages of these events have no positions yet. The leader dispatches them.
 * - `messages`: messages of these events can be read. Processes with subscriptions to them read
 *   them.
 * - `leaderless`: the leader has stopped. Other processes campaign.
 */
export type WakeKind =
  | 'jobs'
  | 'returned'
  | 'limited'
  | 'due'
  | 'orphaned'
  | 'cancelled'
  | 'published'
  | 'messages'
  | 'leaderless'

/** A hint that there may be work to do. */
export interface Wake {
  readonly kind: WakeKind
  /** The service that owns the jobs or messages. */
  readonly service: string
  /** Names of jobs or events. `undefined`: all jobs and events of the service. */
  readonly names: ReadonlySet<string> | undefined
}

/** Sends wakes. */
export interface WakeSender {
  /**
   * Wakes this process and others. `names` are names of jobs or events; `service` is their service,
   * by default the process's own.
   */
  send(kind: WakeKind, names: Iterable<string>, service?: string): void
}

// Postgres rejects payloads of 8,000 bytes or more.
const maxPayloadBytes = 7_999

/** Returns whether a wake concerns a name. */
export function concerns({ names }: Wake, name: string): boolean {
  return names === undefined || names.has(name)
}

/** Returns the given names that a wake concerns. */
export function concerned(wake: Wake, names: readonly string[]): readonly string[] {
  return wake.names === undefined ? names : names.filter((name) => wake.names?.has(name))
}

/**
 * Returns the payload of a notification. If the names do not fit, they are left out, and the wake
 * concerns all jobs and messages of the service.
 */
export function encodeWake({ kind, service, names }: Wake): string {
  const payload = JSON.stringify(names === undefined ? [kind, service] : [kind, service, [...names]])
  if (names === undefined || Buffer.byteLength(payload) <= maxPayloadBytes) return payload
  return JSON.stringify([kind, service])
}

/** Parses the payload of a notification; returns `undefined` if another program sent it. */
export function decodeWake(payload: string | undefined): Wake | undefined {
  let read: unknown
  try {
    read = JSON.parse(payload ?? '')
  } catch {
    return undefined
  }
  if (!Array.isArray(read)) return undefined
  const [kind, service, names] = read as readonly unknown[]
  if (typeof kind !== 'string' || typeof service !== 'string') return undefined
  const isAll = !Array.isArray(names)
  return { kind: kind as WakeKind, service, names: isAll ? undefined : new Set(names as readonly string[]) }
}
