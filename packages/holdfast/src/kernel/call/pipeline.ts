import type { Next, Stage } from './call.ts'
import type { Clock } from '../base/clock.ts'
import type { CompiledOperation } from '../operation/compile.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import { isAnyone } from '../operation/access/access.ts'
import type { Identifier } from '../operation/identifier.ts'
import type { AdmissionDatabase } from './admission-of.ts'
import { admitRow } from './stages/admit-row.ts'
import { answerProblems } from './stages/answer-problems.ts'
import { authorize } from './stages/authorize.ts'
import { boundTime } from './stages/bound-time.ts'
import { identify } from './stages/identify.ts'
import { refuseCrossSite } from './stages/refuse-cross-site.ts'
import { run, type RunOptions } from './stages/run.ts'
import { type AnswerRefused, validateInput } from './stages/validate-input.ts'

/*
 * The path of every call. The stages are composed once per operation, when the service starts. Each
 * stage sets fields of the call that later stages read:
 *
 * - answer problems: turns the errors of later stages into an answer
 * - bound time: sets `deadline`, which limits every later wait
 * - identify: sets `caller`; absent if all callers are anonymous
 * - refuse cross-site: refuses a mutation sent by a page on another site
 * - authorize: admits or rejects the caller, and narrows its type
 * - validate input: sets `input`
 * - data: sets `db`; runs the later stages in a transaction, or returns a stored answer
 * - admit row: decides about a row, and sets `row`; absent if no rule is about a row
 * - run: calls the handler, and encodes its result
 *
 * Invariants:
 * - Every failure of a stage becomes an answer, because the first stage catches the errors of all
 *   others.
 * - Input is validated only after the caller was admitted.
 * - A stage that does not wait returns the result of `next` unchanged, so no promise is allocated
 *   for a call that never waits.
 * - A stage that an operation does not need is not in its pipeline.
 */

/** The parts of an operation's pipeline, besides the operation itself. */
export interface PipelineParts extends RunOptions {
  readonly clock: Clock
  readonly problemTypeBase: string
  /** Identify the caller, in this order. */
  readonly identifiers: readonly Identifier[]
  /** The other origins whose pages may send cookies. */
  readonly trustedOrigins: ReadonlySet<string>
  /** The database that identifiers and access rules use. */
  readonly database: AdmissionDatabase | undefined
  /** Answers a call whose input was rejected. Default: answers with the rejection. */
  readonly answerRefused: AnswerRefused | undefined
  /** The database's stage, if the service has a database. */
  readonly data: Stage | undefined
}

/**
 * Returns the stages that every call of an operation passes through, in order. Composed once, when
 * the service starts.
 */
export function createPipeline(operation: CompiledOperation, parts: PipelineParts): Next {
  return compose([
    answerProblems(parts),
    boundTime({ clock: parts.clock, deadlineMs: operation.deadlineMs }),
    parts.identifiers.length > 0 ? identify(parts.identifiers, parts) : undefined,
    refuseCrossSite(operation, parts),
    isAnyone(operation.access) ? undefined : authorize(parts),
    validateInput(parts.answerRefused),
    parts.data,
    operation.access.checksRow === true ? admitRow(parts) : undefined,
    run(operation, parts),
  ])
}

/**
 * Composes stages into one stage, in which each stage wraps the following stages. Skips absent
 * stages, and returns a single stage unchanged.
 */
export function composeStages(stages: readonly (Stage | undefined)[]): Stage {
  const present = stages.filter((stage) => stage !== undefined)
  const [first = (call, next) => next(call), ...inner] = present
  return inner.reduce<Stage>(
    (outer, stage) => (call, next) => outer(call, (passed) => stage(passed, next)),
    first,
  )
}

function compose(stages: readonly (Stage | undefined)[]): Next {
  const present = stages.filter((stage) => stage !== undefined)
  return present.reduceRight<Next>((next, stage) => (call) => stage(call, next), unreachable)
}

/** The end of the pipeline. It is never called: `run`, the last stage, always answers. */
const unreachable: Next = () =>
  Promise.reject(
    new HoldfastError(
      'pipeline-exhausted',
      'The last stage of a pipeline called next(), but no stage follows it.',
    ),
  )
