import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { Step } from '../../kernel/background/step.ts'
import type { AttemptScope } from '../../effects/jobs/attempt/attempt-scope.ts'
import { StepRunner } from '../../effects/jobs/steps/step-runner.ts'

/** The step runner of jobs run by BullMQ. Steps are not supported: using one throws. */
export class NoSteps extends StepRunner {
  readonly #job: Job

  constructor(scope: AttemptScope) {
    super(scope, () => false)
    this.#job = scope.job
  }

  override toStep(): Step<unknown> {
    throw new HoldfastError(
      'job-without-steps',
      `The job "${this.#job.name}" (${this.#job.definedAt}) used step(), but BullMQ runs it. Steps need a claim for each attempt, and BullMQ has no claims; keep the job on Postgres: bullmqJobs({ keepOnPostgres: ['${this.#job.name}'] }).`,
    )
  }
}
