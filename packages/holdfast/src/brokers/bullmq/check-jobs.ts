import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Job } from '../../kernel/background/job.ts'

/**
 * Throws if a job needs a feature that BullMQ does not support.
 *
 * @throws HoldfastError `service-invalid`, with all such jobs.
 */
export function checkJobs(jobs: Iterable<Job>): void {
  const issues = [...jobs].flatMap((job) =>
    wishesOf(job).map(
      (wish) =>
        `job "${job.name}" (${job.definedAt}) ${wish}; keep it on Postgres: bullmqJobs({ keepOnPostgres: ['${job.name}'] })`,
    ),
  )
  if (issues.length === 0) return
  throw new HoldfastError(
    'service-invalid',
    `BullMQ cannot run all jobs of the service:\n${issues.map((issue) => `  - ${issue}`).join('\n')}`,
  )
}

function wishesOf({ concurrency, rate }: Job): readonly string[] {
  return [
    ...(concurrency?.key
      ? ['limits its concurrency by key, but BullMQ limits all jobs of a name together']
      : []),
    ...(concurrency?.ordered === true
      ? ['is ordered, but BullMQ runs other jobs while a job waits for its next attempt']
      : []),
    ...(concurrency?.onDead === 'wait'
      ? ['makes later jobs wait for a dead job, but BullMQ would run the later jobs']
      : []),
    ...(rate?.key ? ['limits its rate by key, but BullMQ limits all jobs of a name together'] : []),
  ]
}
