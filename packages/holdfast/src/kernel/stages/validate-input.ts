import type { Answer } from '../answer.ts'
import type { Call, Next, Stage } from '../call.ts'
import { untilAborted } from '../cancellation.ts'

/** Reads the input by the operation's schema. */
export const validateInput: Stage = (call, next) => {
  const input = call.operation.decode(call.wire)
  if (input instanceof Promise) return awaitInput(input, call, next)
  call.input = input
  return next(call)
}

async function awaitInput(input: Promise<unknown>, call: Call, next: Next): Promise<Answer> {
  call.input = await untilAborted(input, call.deadline)
  return next(call)
}
