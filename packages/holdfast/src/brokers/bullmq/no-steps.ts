import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { Step } from '../../kernel/background/step.ts'
import type { AttemptScope } from '../../effects/jobs/attempt/attempt-scope.ts'
import { StepRunner } from '../../effects/jobs/steps/step-runner.ts'

/** The step runner of jobs that BullMQ runs: steps are not supported, and using one throws. */
export class NoSteps extends StepRunner {
  readonly #job: Job

  constructor(scope: AttemptScope) {
    super(scope, () => false)
    this.#job = scope.job
  }

  override toStep(): Step<unknown> {
    throw new HoldfastError(
      'job-without-steps',
      `The job "${this.#job.name}" (${this.#job.definedAt}) asked for step, but BullMQ runs it. What a step has done has to be kept under the claim of one try, which BullMQ does not have; keep the job with Postgres: bullmqJobs({ keepOnPostgres: ['${this.#job.name}'] }).`,
    )
  }
}
