import type { Next, Stage } from './call.ts'
import type { Clock } from './clock.ts'
import type { CompiledOperation } from './compile.ts'
import { HoldfastError } from './holdfast-error.ts'
import { answerProblems } from './stages/answer-problems.ts'
import { authorize } from './stages/authorize.ts'
import { boundTime } from './stages/bound-time.ts'
import { identify, type Identify } from './stages/identify.ts'
import { run, type RunOptions } from './stages/run.ts'
import { type AnswerRefused, validateInput } from './stages/validate-input.ts'

/** What the pipeline of an operation is made of, beside the operation itself. */
export interface PipelineParts extends RunOptions {
  readonly clock: Clock
  readonly problemBase: string
  readonly identify: Identify | undefined
  /** Answers a call whose input was refused. Default: the refusal does. */
  readonly answerRefused: AnswerRefused | undefined
  /** The database's stage, where the service has a database. */
  readonly data: Stage | undefined
}

/** The way of every call of an operation, in order, composed once when its service starts. */
export function createPipeline(operation: CompiledOperation, parts: PipelineParts): Next {
  return compose([
    answerProblems(parts),
    boundTime({ clock: parts.clock }),
    parts.identify && identify(parts.identify),
    authorize(parts),
    validateInput(parts.answerRefused),
    parts.data,
    run(operation, parts),
  ])
}

function compose(stages: readonly (Stage | undefined)[]): Next {
  const present = stages.filter((stage) => stage !== undefined)
  return present.reduceRight<Next>((next, stage) => (call) => stage(call, next), unreachable)
}

/** Behind `run` there is nothing: it always answers. */
const unreachable: Next = () =>
  Promise.reject(new HoldfastError('pipeline-exhausted', 'The last stage of a pipeline called the next.'))
