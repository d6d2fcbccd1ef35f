import {
  type RecurringTask,
  type RecurringTaskParts,
  startRecurringTask,
} from '../../../kernel/base/recurring-task.ts'

/** Dependencies and options of {@link pruneInBatches}. */
export interface PruningTask extends Pick<RecurringTaskParts, 'failure' | 'clock' | 'log' | 'everyMs'> {
  /** Max number of rows that one statement deletes. */
  readonly batch: number
  /**
   * Returns whether this process prunes now. Default: always. Several processes may prune at the
   * same time if each deletes only unlocked rows.
   */
  readonly isResponsible?: () => boolean
  /** Deletes one batch of rows of each kind. Resolves to the number of deleted rows per kind. */
  readonly prune: (limit: number, stopping: AbortSignal) => Promise<readonly number[]>
}

/**
 * Starts a task that deletes old rows in batches, so that no statement takes long or locks many
 * rows. After a full batch, the next batch follows immediately.
 */
export function pruneInBatches({ batch, isResponsible, prune, ...task }: PruningTask): RecurringTask {
  return startRecurringTask({
    ...task,
    async work(stopping) {
      if (isResponsible?.() === false) return undefined
      const sizes = await prune(batch, stopping)
      return sizes.some((size) => size >= batch) ? 0 : undefined
    },
  })
}
