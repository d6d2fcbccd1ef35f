import type { Job } from '../../kernel/background/job.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { pause } from '../../kernel/base/wait.ts'
import type { OpenPool } from '../../storage/postgres/pool/open-pool.ts'
import { type ProcessWorker, startWorker, type WorkerParts } from './worker.ts'
import { registerIdentity, type WorkerIdentity } from './worker-identity.ts'
import { ownSessionsOf, sessionsOf } from './worker-sessions.ts'

/*
 * A process's membership in the fleet: a registered worker with its pools.
 *
 *   register ──▶ open pools ──▶ start the worker ──▶ declared dead
 *      ▲                                                  │ stop the worker, end its pools
 *      └──────────────────────────────────────────────────┘
 *
 * Invariant: the sessions of a worker's jobs carry the worker's id, so that a process that declares
 * the worker dead can end them. A worker that registers again has a new id and new pools.
 */

/** Dependencies of {@link joinFleet}. */
export interface MembershipParts extends Omit<WorkerParts, 'poolOf' | 'identity' | 'onDeclaredDead'> {
  /** Opens a pool. Its connections have the given application name. */
  readonly openPool: OpenPool
}

/** Registers a worker and starts it. A worker that is declared dead registers again. */
export async function joinFleet(parts: MembershipParts): Promise<Membership> {
  const membership = new Membership(parts)
  await membership.join()
  return membership
}

const restartMs = 1_000

/** The worker of this process. If it is declared dead, a new worker replaces it. */
export class Membership {
  readonly #parts: MembershipParts
  /** The current worker; `undefined` between the worker's death and its new registration. */
  #current: RegisteredWorker | undefined
  #rejoining: Promise<void> | undefined
  #isStopping = false

  constructor(parts: MembershipParts) {
    this.#parts = parts
  }

  /** The current worker; `undefined` if there is none. */
  get worker(): ProcessWorker | undefined {
    return this.#current?.worker
  }

  /** Registers a worker, opens its pools, and starts it. */
  async join(): Promise<WorkerIdentity> {
    const parts = this.#parts
    const { jobs, service, control, openPool, concurrency } = parts
    const identity = await registerIdentity(control, service)
    await using opening = new AsyncDisposableStack()
    const pool = opening.adopt(openPool(sessionsOf(identity.id), concurrency), (opened) => opened.end())
    const slots = slotConnections(jobs.values())
    const connections = slots > 0 ? openPool(ownSessionsOf(identity.id), slots, { lane: 'slots' }) : undefined
    opening.defer(() => connections?.end())
    const worker = startWorker({
      ...parts,
      poolOf: (job) => (job.slots && connections) ?? pool,
      identity,
      onDeclaredDead: () => this.#rejoinOnce(),
    })
    this.#current = { worker, pools: opening.move() }
    return identity
  }

  #rejoinOnce(): void {
    this.#rejoining ??= this.#rejoin().finally(() => (this.#rejoining = undefined))
  }

  async #rejoin(): Promise<void> {
    const { clock, log } = this.#parts
    const dead = this.#current
    this.#current = undefined
    await dead?.worker.stop(0)
    await dead?.pools.disposeAsync()
    while (!this.#isStopping) {
      try {
        const { id } = await this.join()
        log.info({ worker: id }, 'worker re-registered after being declared dead')
        return
      } catch (error) {
        log.warn({ error: toLogFields(error) }, 're-registering the worker failed; will retry')
        await pause(restartMs, { clock })
      }
    }
  }

  /** Stops the worker as {@link ProcessWorker.stop} does. The worker does not register again. */
  async stop(limitMs: number): Promise<readonly string[]> {
    this.#isStopping = true
    await this.#rejoining
    return (await this.worker?.stop(limitMs)) ?? []
  }

  /** Closes the worker's pools, after `stop`. */
  async endPools(): Promise<void> {
    await this.#current?.pools.disposeAsync()
  }
}

interface RegisteredWorker {
  readonly worker: ProcessWorker
  /** The pools for the transactions of the worker's jobs. */
  readonly pools: AsyncDisposableStack
}

/** Returns the number of connections for jobs with dedicated slots. */
function slotConnections(jobs: Iterable<Job>): number {
  let sum = 0
  for (const { slots } of jobs) sum += slots?.connections ?? 0
  return sum
}
