import { type Checkpoint, toCheckpoints } from './checkpoint.ts'
import { isInTransaction } from './checkpoint-label.ts'
import type { CheckpointProcess } from './checkpoint-process.ts'

/** An action of a process that is killed at each checkpoint of it. */
export interface Exhausted {
  /** Starts a process for the action. */
  readonly start: () => Promise<CheckpointProcess>
  /**
   * Runs the action again, under a new name; resolves when the process has died or finished. The
   * next process finishes work that was begun.
   */
  readonly run: (name: string, process: CheckpointProcess) => Promise<void>
  /** The labels of the checkpoints at which to kill. Default: all. */
  readonly where?: RegExp
  /** Ends the run early, after a death, once enough has been seen. Default: never. */
  readonly isEnough?: () => Promise<boolean>
  /** Continues after a death, with another process. */
  readonly goOn?: (name: string, process: CheckpointProcess) => Promise<void>
}

/** The result of {@link exhaust}. */
export interface ExhaustReport {
  /** The names under which the action ran, with and without a death. */
  readonly names: readonly string[]
  /** The checkpoints at which a process died. */
  readonly deaths: readonly Checkpoint[]
  /**
   * Checkpoints that the unharmed run passed but no other run reached again, because they depend on
   * timing.
   */
  readonly unreached: readonly Checkpoint[]
}

/**
 * `CHECKPOINTS=all npm test checkpoint` kills at every point of every statement, each time that it
 * is sent.
 */
const isFull = process.env['CHECKPOINTS'] === 'all'
const attempts = 3

/**
 * Returns whether the short form kills at a checkpoint. It kills at the first occurrence of each,
 * and within a transaction only after a statement was sent. If a process dies before it sends the
 * statement, after that, or when the response arrives, Postgres rolls back the same transaction;
 * after the statement it holds the most locks.
 */
function isInShortForm({ label, occurrence }: Checkpoint): boolean {
  return occurrence === 1 && (!isInTransaction(label) || label.startsWith('after '))
}

/**
 * Kills a process at each checkpoint that it passes during an action; after each death another
 * process continues.
 */
export async function exhaust(
  prefix: string,
  { start, run, goOn, isEnough, where = /^/ }: Exhausted,
): Promise<ExhaustReport> {
  const names: string[] = []
  const deaths: Checkpoint[] = []
  const unreached: Checkpoint[] = []
  const nextName = (): string => {
    names.push(`${prefix}-${names.length}`)
    return names.at(-1)!
  }

  let current = await start()
  // One run before counting starts opens connections and prepares statements.
  await run(nextName(), current)
  await current.arm()
  await run(nextName(), current)
  const checkpoints = toCheckpoints(await current.report()).filter(
    (checkpoint) => where.test(checkpoint.label) && (isFull || isInShortForm(checkpoint)),
  )
  let spare = start()
  for (const checkpoint of checkpoints) {
    for (let attempt = 1; !current.hasDied && attempt <= attempts; attempt += 1) {
      await current.arm(checkpoint)
      if (!current.hasDied) await run(nextName(), current)
      // Disarms the process: background activity must not kill it when the next run begins.
      await current.report()
    }
    if (!current.hasDied) {
      unreached.push(checkpoint)
      continue
    }
    deaths.push(checkpoint)
    current = await spare
    spare = start()
    await goOn?.(names.at(-1)!, current)
    if (await isEnough?.()) break
  }
  // A process must be ready before it can be killed.
  await spare
  return { names, deaths, unreached }
}
