import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/**
 * Runs a statement that requeues jobs, and converts a unique-key violation to `job-unique-taken`.
 */
export async function orUniqueTaken<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isUniqueTaken(error)) throw error
    throw new HoldfastError(
      'job-unique-taken',
      `${what} cannot run again now: another job with the same name and unique key has not ended. Wait until it ends, or cancel it, then try again.`,
      { cause: error },
    )
  }
}

function isUniqueTaken(error: unknown): boolean {
  const { code, constraint } = error as { readonly code?: unknown; readonly constraint?: unknown }
  return code === '23505' && constraint === 'jobs_unique'
}
