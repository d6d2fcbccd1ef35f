import type { Worker, WorkerOptions, Workload } from '../../kernel/background/background.ts'
import type { OpenCapability, WorkerHost, WorkerPart } from '../../storage/capability/database-capability.ts'

/**
 * Starts a worker: starts the parts of all capabilities, one after another. When the worker stops,
 * all parts are stopped at the same time. If a part fails to start, the parts already started are
 * stopped and closed.
 */
export async function startWorker(
  capabilities: readonly OpenCapability[],
  workload: Workload,
  options: WorkerOptions,
): Promise<Worker> {
  await using opening = new AsyncDisposableStack()
  await using starting = new AsyncDisposableStack()
  const parts: WorkerPart[] = []
  for (const capability of capabilities) {
    const part = capability.workerPart?.(workload, options)
    if (!part) continue
    parts.push(part)
    opening.defer(() => part.close?.())
  }
  const host: WorkerHost = {
    addedJobs: parts.flatMap(({ jobs = [] }) => jobs),
    leads: () => parts.some((part) => part.leads?.() === true),
  }
  for (const part of parts) {
    await part.start(host)
    starting.defer(async () => void (await part.stop(0)))
  }
  starting.move()
  const opened = opening.move()

  async function stop(limitMs: number): Promise<readonly string[]> {
    await using _opened = opened
    const released = await Promise.all(parts.map((part) => part.stop(limitMs)))
    return released.flat()
  }

  let stopping: Promise<readonly string[]> | undefined
  return { stop: (limitMs) => (stopping ??= stop(limitMs)) }
}
