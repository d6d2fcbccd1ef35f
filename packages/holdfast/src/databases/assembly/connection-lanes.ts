import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { ConnectionBudget } from '../../storage/postgres/pool/connection-budget.ts'
import type { OpenPool } from '../../storage/postgres/pool/open-pool.ts'
import { createPool, lend, type Pool, type PoolOptions } from '../../storage/postgres/pool/pool.ts'

/** Max numbers of connections that a process opens to its database. */
export interface ConnectionLimits {
  /**
   * Max connections of the process to the primary. Default 12. Raise it if calls or jobs wait for
   * connections and the server has unused connections. The sum over all processes must stay below
   * the server's `max_connections`.
   */
  readonly max?: number
  /**
   * Max connections for queries. Default: the rest of the budget. Lower it if reads take too much
   * of the budget.
   */
  readonly reads?: number
  /**
   * Max connections for mutations. Default: the rest of the budget. Lower it if the server cannot
   * run that many mutations at once.
   */
  readonly writes?: number
  /**
   * Max connections for jobs' transactions. Default: the number of jobs that run at once, but not
   * more than the budget allows.
   */
  readonly jobs?: number
  /**
   * Max number of queries that wait for a connection; the same max applies to mutations. Further
   * calls get a 503 `database-busy`. Default 500. Lower it if a late response is useless to
   * clients.
   */
  readonly queue?: number
  /**
   * Max time that a call waits for a connection; after this time, the call gets a 503
   * `database-unavailable`. Default `'3s'`, or the rest of its deadline if that is shorter. Lower
   * it if clients should fail fast.
   */
  readonly wait?: Duration
}

/** The connection numbers of a process. */
interface ConnectionPlan extends Required<Omit<ConnectionLimits, 'jobs' | 'wait'>> {
  readonly waitMs: number
  readonly jobs: number | undefined
  /** Number of connections reserved for each kind of work: queries, mutations and jobs. */
  readonly share: number
}

const defaultMax = 12
const defaultQueue = 500
const defaultWait = '3s'

/** Min and max connections for the framework's own statements. */
const ownLane: { readonly min: number; readonly max: number } = { min: 2, max: 4 }

/**
 * Reads the option `connections`.
 *
 * @throws HoldfastError `configuration-invalid` if a number is invalid.
 */
export function planConnections(option: number | ConnectionLimits = {}): ConnectionPlan {
  const limits = typeof option === 'number' ? { max: option } : option
  const { wait = defaultWait, ...numbers } = limits
  for (const [name, value] of Object.entries(numbers)) {
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue
    throw new HoldfastError(
      'configuration-invalid',
      `The option connections.${name} of the database is ${String(value)}; it must be a positive integer.`,
    )
  }
  const { max = defaultMax, reads = max, writes = max, jobs, queue = defaultQueue } = numbers
  const waitMs = toMilliseconds(wait, { option: 'connections.wait of the database' })
  return { waitMs, max, reads, writes, jobs, queue, share: Math.max(1, Math.floor(max / defaultMax)) }
}

/**
 * Checks that a budget has room for connections that must always be available.
 *
 * @throws HoldfastError `configuration-invalid`.
 */
function requireRoom(budget: ConnectionBudget, connections: number): void {
  if (budget.unassigned >= connections) return
  throw new HoldfastError(
    'configuration-invalid',
    `The database option "connections" is ${budget.max}, but this process needs at least ${budget.max - budget.unassigned + connections}. Raise the option; see the table of connections in docs/postgres.md.`,
  )
}

/** The connection lanes of a process. */
export interface Lanes {
  /** The lane of mutations. */
  readonly write: Pool
  /** The lane of queries. */
  readonly read: Pool
  /** The lane of the framework's own statements. */
  readonly own: Pool
  /** Opens the lanes of a worker. */
  readonly openPool: OpenPool
  /**
   * Reserves a connection of the budget for a worker's heartbeats. Returns a function that releases
   * it.
   */
  readonly reserveHeartbeat: () => () => void
  /** Opens the pool of a replica, which is a separate server with its own connection limit. */
  readonly openReplica: (
    options: Pick<PoolOptions, 'connectionString' | 'isPooled' | 'applicationName'>,
  ) => Pool
  /** Closes the lanes of calls and of the framework's own statements. */
  readonly end: () => Promise<void>
}

// Connections outside the lanes: one that wakes workers, and one for a worker's heartbeats.
const wakeConnections = 1
const beatConnections = 1
// Lock timeout of the framework's own statements, in milliseconds. Without it, a statement that
// waits for a locked row would occupy one of this lane's few connections. A statement that times
// out runs again later.
const frameworkLockTimeoutMs = 1_000

/**
 * Opens the lanes that every process has.
 *
 * @throws HoldfastError `configuration-invalid` if the option `connections` leaves too few
 * connections for them.
 */
export function openLanes(
  option: number | ConnectionLimits | undefined,
  pooling: Omit<PoolOptions, 'applicationName'>,
): Lanes {
  const plan = planConnections(option)
  const { share, queue, waitMs } = plan
  const budget = new ConnectionBudget(plan.max)
  budget.reserve(wakeConnections)
  requireRoom(budget, ownLane.min + 2 * share)
  const calls = { ...pooling, budget, min: share, maxWaiting: queue, acquireTimeoutMs: waitMs }
  const write = createPool({ ...calls, max: plan.writes, applicationName: 'holdfast' })
  const read = createPool({
    ...calls,
    max: plan.reads,
    applicationName: 'holdfast (read)',
    isReadOnly: true,
  })
  const own = createPool({
    ...pooling,
    ...ownLane,
    budget,
    lockTimeoutMs: frameworkLockTimeoutMs,
    applicationName: 'holdfast (own)',
  })
  return {
    write,
    read,
    own,
    openPool(applicationName, size, { lane = 'jobs' } = {}) {
      if (lane === 'own') return lend(own)
      const min = lane === 'jobs' ? share : 1
      const max = lane === 'jobs' ? (plan.jobs ?? size) : size
      requireRoom(budget, min)
      // A job's transaction waits for a connection until the job's timeout.
      return createPool({ ...pooling, applicationName, budget, min, max, acquireTimeoutMs: Infinity })
    },
    reserveHeartbeat() {
      requireRoom(budget, beatConnections)
      return budget.reserve(beatConnections)
    },
    openReplica: (options) =>
      createPool({
        ...pooling,
        ...options,
        max: plan.reads,
        maxWaiting: queue,
        acquireTimeoutMs: waitMs,
        isReadOnly: true,
      }),
    end: async () => void (await Promise.all([write.end(), read.end(), own.end()])),
  }
}
