import { HoldfastError } from '../kernel/holdfast-error.ts'
import { pathOf, toPointer, validate } from '../kernel/schema.ts'
import type { AttemptScope } from './attempt-scope.ts'

/**
 * The input of a job as its schema has it now: jobs outlive deploys.
 *
 * @throws HoldfastError `job-input-outdated`.
 */
export async function readInput({ job, row }: Pick<AttemptScope, 'job' | 'row'>): Promise<unknown> {
  const validated = validate(job.input, row.input)
  // Most schemas are synchronous: nothing is waited for then.
  const result = validated instanceof Promise ? await validated : validated
  if (!result.issues) return result.value
  const [issue] = result.issues
  throw new HoldfastError(
    'job-input-outdated',
    `The job "${job.name}" (${job.place}) was enqueued with an input that it does not take any more: ${issue ? `${toPointer(pathOf(issue))}: ${issue.message}` : 'no reason given'}. Deploy a schema that takes both, and redrive it.`,
  )
}
