/**
 * What a process is woken for:
 *
 * - `jobs`: jobs of these names are ready. Workers that have the names claim.
 * - `returned`: jobs of these names are ready again: handed back, rescued or redriven. Workers claim from the oldest on.
 * - `gated`: jobs of these names wait at their limits. The leader admits them.
 * - `due`: a job is to run soon, or now. The leader plans its next look.
 * - `orphaned`: a worker has left running jobs. The leader rescues them.
 * - `cancelled`: running jobs of these names are to end. Workers that run them cancel them.
 * - `published`: messages of these events have no positions yet. The leader dispatches them.
 * - `messages`: messages of these events can be read. Processes with subscriptions to them read on.
 * - `leaderless`: the leader has stopped. Others campaign.
 */
export type WakeKind =
  | 'jobs'
  | 'returned'
  | 'gated'
  | 'due'
  | 'orphaned'
  | 'cancelled'
  | 'published'
  | 'messages'
  | 'leaderless'

/** A reason to look, with what it concerns. */
export interface Wake {
  readonly kind: WakeKind
  /** The service whose jobs or messages they are. */
  readonly service: string
  /** Names of jobs or events. `undefined`: any of the service. */
  readonly names: ReadonlySet<string> | undefined
}

/** Sends wakes. */
export interface WakeSender {
  /** Wakes this process and others. `names`: of jobs or events; `service`: whose they are, default the own one. */
  send(kind: WakeKind, names: Iterable<string>, service?: string): void
}

// Postgres refuses a payload of 8,000 bytes.
const maxPayloadBytes = 7_999

/** Returns whether a wake concerns a name. */
export function concerns({ names }: Wake, name: string): boolean {
  return names === undefined || names.has(name)
}

/** Returns those of some names that a wake concerns. */
export function concerned(wake: Wake, names: readonly string[]): readonly string[] {
  return wake.names === undefined ? names : names.filter((name) => wake.names?.has(name))
}

/** Returns the payload of a notification. Names that do not fit are left out: it then concerns all of the service. */
export function encodeWake({ kind, service, names }: Wake): string {
  const payload = JSON.stringify(names === undefined ? [kind, service] : [kind, service, [...names]])
  if (names === undefined || Buffer.byteLength(payload) <= maxPayloadBytes) return payload
  return JSON.stringify([kind, service])
}

/** Reads the payload of a notification; `undefined` if it is of another program. */
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
