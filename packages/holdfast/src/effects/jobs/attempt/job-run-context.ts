import { findNonJson } from '../../../kernel/base/find-non-json.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { JobContext } from '../../../kernel/background/job.ts'
import type { Jobs, Transaction } from '../../../kernel/background/effects.ts'
import type { Publish } from '../../../kernel/background/event.ts'
import type { Json } from '../../../kernel/base/json.ts'
import { createLoad, type Load } from '../../../kernel/relations/load.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import { type Getters, gettersOf, defineOwnGetters } from '../../../kernel/base/define-own-getters.ts'
import type { Step } from '../../../kernel/background/step.ts'
import type {
  BoundTransaction,
  HandlerSession,
} from '../../../storage/postgres/transaction/handler-session.ts'
import type { AttemptScope } from './attempt-scope.ts'
import type { StepRunner } from '../steps/step-runner.ts'

/** Dependencies of {@link JobRunContext}, in addition to its scope. */
export interface JobRunParts {
  readonly input: unknown
  readonly transaction: HandlerSession
  readonly steps: StepRunner
  readonly settings: unknown
  keepProgress(scope: AttemptScope, value: string): void
}

const maxProgressBytes = 4_096

/**
 * The context passed to a job's handler. Its parts are created on first use, since many jobs need
 * only a few.
 */
export class JobRunContext implements JobContext<unknown, unknown, unknown> {
  static readonly #getters: Getters = gettersOf(JobRunContext.prototype)
  readonly input: unknown
  readonly settings: unknown
  readonly id: string
  readonly attempt: number
  readonly tenant: string | undefined
  readonly log: Logger
  readonly #scope: AttemptScope
  readonly #parts: JobRunParts
  #bound: BoundTransaction | undefined
  #step: Step<unknown> | undefined
  #load: Load | undefined

  constructor(scope: AttemptScope, parts: JobRunParts) {
    this.input = parts.input
    this.settings = parts.settings
    this.id = scope.row.id
    this.attempt = scope.row.failures + 1
    this.tenant = scope.row.tenant ?? undefined
    this.log = scope.log
    this.#scope = scope
    this.#parts = parts
    defineOwnGetters(this, JobRunContext.#getters)
  }

  get #transaction(): BoundTransaction {
    return (this.#bound ??= this.#scope.bind(this.#parts.transaction))
  }

  /** Runs the handler with this context as the current context. */
  within<T>(run: () => T | Promise<T>): T | Promise<T> {
    return this.#transaction.within(run)
  }

  get db(): unknown {
    return this.#transaction.db
  }

  get jobs(): Jobs {
    return this.#transaction.jobs
  }

  get publish(): Publish {
    return this.#transaction.publish
  }

  get transaction(): Transaction {
    return this.#transaction.transaction
  }

  get step(): Step<unknown> {
    return (this.#step ??= this.#parts.steps.toStep())
  }

  get load(): Load {
    return (this.#load ??= createLoad(this, { isReadOnly: false }))
  }

  get signal(): AbortSignal {
    return this.#scope.deadline.signal
  }

  readonly progress = (value: Json): void => {
    const found = findNonJson(value)
    if (found) {
      throw new HoldfastError(
        'job-progress-invalid',
        `The job "${this.#scope.job.name}" (${this.#scope.job.definedAt}) reported ${found.what} as its progress${found.pointer === '' ? '' : ` at ${found.pointer}`}, which is not JSON-serializable.`,
      )
    }
    const text = JSON.stringify(value)
    if (text.length > maxProgressBytes) {
      throw new HoldfastError(
        'job-progress-invalid',
        `The job "${this.#scope.job.name}" (${this.#scope.job.definedAt}) reported ${text.length} characters of progress; at most ${maxProgressBytes} are kept.`,
      )
    }
    this.#parts.keepProgress(this.#scope, text)
  }
}
