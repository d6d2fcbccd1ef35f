import type { Stage } from '../call.ts'
import { untilAborted } from '../deadline.ts'

/** Reads the input by the operation's schema. */
export const validateInput: Stage = async (call, next) => {
  call.input = await untilAborted(call.operation.decode(call.wire), call.signal)
  return next(call)
}
