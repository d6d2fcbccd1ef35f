import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { pathOf, toPointer, validate } from '../../../kernel/schema/schema.ts'
import type { AttemptScope } from './attempt-scope.ts'

/**
 * Returns the input of a job. The input is validated by the current schema, because a job may
 * outlive the deploy that enqueued it.
 *
 * @throws HoldfastError `job-input-outdated`.
 */
export async function readInput({ job, row }: Pick<AttemptScope, 'job' | 'row'>): Promise<unknown> {
  const validated = validate(job.input, row.input)
  // Most schemas are synchronous and need no await.
  const result = validated instanceof Promise ? await validated : validated
  if (!result.issues) return result.value
  const [issue] = result.issues
  throw new HoldfastError(
    'job-input-outdated',
    `The job "${job.name}" (${job.definedAt}) was enqueued with an input that its schema no longer accepts: ${issue ? `${toPointer(pathOf(issue))}: ${issue.message}` : 'no reason given'}. Deploy a schema that accepts old and new inputs, and redrive the job.`,
  )
}
