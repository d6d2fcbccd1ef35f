import { createHash, randomInt } from 'node:crypto'
import { type Checkpoint, toCheckpoints } from './checkpoint.ts'
import { isInTransaction } from './checkpoint-label.ts'
import type { CheckpointProcess, LoadedProcess } from './checkpoint-process.ts'

/** An action during which a process is killed, at each of its checkpoints in turn. */
export interface Exhausted {
  /** Loads a process for the action. */
  readonly load: () => Promise<LoadedProcess>
  /**
   * Runs the action again, under a new name. Resolves when the process has died or finished. If it
   * dies, the next process finishes the work.
   */
  readonly run: (name: string, process: CheckpointProcess) => Promise<void>
  /**
   * Matches the labels of the checkpoints at which the process is killed. Default: all checkpoints.
   */
  readonly where?: RegExp
  /**
   * Returns true for the labels of the checkpoints that every sample contains. Default: every run
   * kills at all checkpoints, not at a sample.
   */
  readonly isInEachSample?: (label: string) => boolean
  /** Called after a death. Returns true to end the run early. Default: never. */
  readonly isEnough?: () => Promise<boolean>
  /** Finishes the work after a death, with a new process. */
  readonly goOn?: (name: string, process: CheckpointProcess) => Promise<void>
}

/** The result of {@link exhaust}. */
export interface ExhaustReport {
  /** The names under which the action ran, including the runs without a death. */
  readonly names: readonly string[]
  /** The number of the sample, to repeat it; `all` if a process was killed at every point. */
  readonly sample: string
  /** The checkpoints at which a process died. */
  readonly deaths: readonly Checkpoint[]
  /**
   * The checkpoints that only the run without a death passed. No later run reached them, because
   * they depend on timing.
   */
  readonly unreached: readonly Checkpoint[]
}

/**
 * `CHECKPOINTS=all npm test checkpoint` kills at every point of every statement, each time that it
 * is sent. `CHECKPOINTS=2 npm test checkpoint` repeats the second of the six samples.
 */
const asked = process.env['CHECKPOINTS']
const isFull = asked === 'all'
const samples = 6
const sample = asked === undefined ? randomInt(samples) + 1 : Number(asked)
if (!isFull && !(Number.isInteger(sample) && sample >= 1 && sample <= samples))
  throw new Error(`CHECKPOINTS is ${asked}, but must be "all" or a number from 1 to ${samples}.`)
const attempts = 3

/**
 * Returns true if the short form of a test kills at a checkpoint: at the first occurrence of each
 * label. It skips a checkpoint if a death at another checkpoint leaves the database in the same
 * state:
 * - Postgres executes a statement that it has received, even if the client is dead. So the response
 *   to a statement is skipped, unless the statement begins or ends a transaction.
 * - Postgres rolls back the transaction of a dead client in the same way after each statement. So
 *   within a transaction, the short form kills only after a statement was sent, when the
 *   transaction holds the most locks.
 */
function isInShortForm({ label, occurrence }: Checkpoint): boolean {
  if (occurrence > 1) return false
  if (isInTransaction(label)) return label.startsWith('after ')
  return !label.startsWith('answer to ') || /\b(?:begin|commit|rollback)\b/i.test(label)
}

/**
 * Returns true if this run's sample contains a label. Each label is in exactly one of the samples.
 */
function isInSample(label: string): boolean {
  return createHash('sha256').update(label).digest().readUInt32BE() % samples === sample - 1
}

/**
 * Kills a process at each checkpoint that it passes during an action. After each death, a new
 * process continues.
 */
export async function exhaust(
  prefix: string,
  { load, run, goOn, isEnough, isInEachSample = () => true, where = /^/ }: Exhausted,
): Promise<ExhaustReport> {
  // Printed before the run, because a failed run prints no report but must be repeatable.
  console.info(`CHECKPOINTS=${isFull ? 'all' : sample}`)
  const names: string[] = []
  const deaths: Checkpoint[] = []
  const unreached: Checkpoint[] = []
  const nextName = (): string => {
    names.push(`${prefix}-${names.length}`)
    return names.at(-1)!
  }

  let current = await (await load()).begin()
  // The first run, before counting starts, opens connections and prepares statements.
  await run(nextName(), current)
  await current.arm()
  await run(nextName(), current)
  const isChosen = (checkpoint: Checkpoint): boolean =>
    isFull ||
    (isInShortForm(checkpoint) && (isInEachSample(checkpoint.label) || isInSample(checkpoint.label)))
  const checkpoints = toCheckpoints(await current.report()).filter(
    (checkpoint) => where.test(checkpoint.label) && isChosen(checkpoint),
  )
  // The next process is loaded while the current process runs. It serves only after the current
  // process has died, so that it does not run that process's work.
  let spare = load()
  for (const checkpoint of checkpoints) {
    for (let attempt = 1; !current.hasDied && attempt <= attempts; attempt += 1) {
      await current.arm(checkpoint)
      if (!current.hasDied) await run(nextName(), current)
      // Stops counting, so that background activity does not kill the process before the next run
      // begins.
      await current.report()
    }
    if (!current.hasDied) {
      unreached.push(checkpoint)
      continue
    }
    deaths.push(checkpoint)
    current = await (await spare).begin()
    spare = load()
    await goOn?.(names.at(-1)!, current)
    if (await isEnough?.()) break
  }
  // A process must be ready before it can be killed.
  await spare
  return { names, sample: isFull ? 'all' : String(sample), deaths, unreached }
}
