import type { Answer } from '../../operation/answer.ts'
import type { Call, Next, Stage } from '../call.ts'
import { abortable } from '../../base/cancellation.ts'

/**
 * Answers a call whose input was rejected: with a stored answer if there is one, otherwise by
 * throwing the rejection.
 */
export type AnswerRefused = (call: Call, refusal: unknown) => Promise<Answer>

const throwRefusal: AnswerRefused = async (_, refusal) => {
  throw refusal
}

/**
 * Returns the stage that parses the input with the operation's schema. `answerRefused` answers a
 * call whose input was rejected; by default it throws the rejection.
 */
export function validateInput(answerRefused: AnswerRefused = throwRefusal): Stage {
  return (call, next) => {
    completeWire(call)
    let input: unknown
    try {
      input = call.operation.decode(call.wire)
    } catch (refusal) {
      return answerRefused(call, refusal)
    }
    if (input instanceof Promise) return awaitInput(input, call, { next, answerRefused })
    call.input = input
    return next(call)
  }
}

/** Parses the body if its parsing was postponed until the caller was authorized. */
function completeWire(call: Call): void {
  const { rawBody, parseBody } = call
  if (!rawBody || !parseBody) return
  const { path, query } = call.wire
  call.wire = { path, query, body: parseBody(rawBody) }
}

async function awaitInput(
  input: Promise<unknown>,
  call: Call,
  { next, answerRefused }: { readonly next: Next; readonly answerRefused: AnswerRefused },
): Promise<Answer> {
  try {
    call.input = await abortable(input, call.deadline)
  } catch (refusal) {
    return answerRefused(call, refusal)
  }
  return next(call)
}
