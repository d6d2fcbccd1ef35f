import { type Checkpoint, toCheckpoints } from './checkpoint.ts'
import { isInTransaction } from './checkpoint-label.ts'
import type { CheckpointProcess } from './checkpoint-process.ts'

/** Something that a process does, which it is killed over at each checkpoint. */
export interface Exhausted {
  /** Starts a process that does it. */
  readonly start: () => Promise<CheckpointProcess>
  /**
   * Has it done once more, under a name of its own, and resolves when the process has died over it or has done it. What was begun with it is the next
   * process's to finish.
   */
  readonly run: (name: string, process: CheckpointProcess) => Promise<void>
  /** At which of the checkpoints it is killed, by their labels. Default: at all. */
  readonly where?: RegExp
  /** Ends it early, after a death: enough has been seen. Default: never. */
  readonly isEnough?: () => Promise<boolean>
  /** Goes on where a process has died, with another. */
  readonly goOn?: (name: string, process: CheckpointProcess) => Promise<void>
}

/** What came of it. */
export interface ExhaustReport {
  /** The names under which it was done, with and without a death. */
  readonly names: readonly string[]
  /** Where a process died. */
  readonly deaths: readonly Checkpoint[]
  /** What one that was not killed passed, but no other came to again: what depends on the time. */
  readonly unreached: readonly Checkpoint[]
}

/** `CHECKPOINTS=all npm test checkpoint` kills at every moment of every statement, each time that it is sent. */
const isFull = process.env['CHECKPOINTS'] === 'all'
const attempts = 3

/**
 * Returns whether the short form kills at a checkpoint. It kills at the first occurrence of each, and within a
 * transaction only after a statement was sent. Whether a process dies before it sends the statement, after that, or
 * when the answer arrives, Postgres rolls back the same transaction; after the statement it holds the most locks.
 */
function isInShortForm({ label, occurrence }: Checkpoint): boolean {
  return occurrence === 1 && (!isInTransaction(label) || label.startsWith('after '))
}

/** Kills a process at each checkpoint that it passes while it does something; each death is followed by a process that goes on. */
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
  // Once before it counts: connections are opened, and what is prepared is prepared.
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
      // What it does beside all that goes on, and is not to end it when something else begins.
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
  // It has to be up before it can be ended.
  await spare
  return { names, deaths, unreached }
}
