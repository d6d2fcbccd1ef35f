import type { Call } from '../../kernel/call/call.ts'
import { abortable } from '../../kernel/base/cancellation.ts'
import type { WireInput } from '../../kernel/operation/wire-input.ts'

/**
 * Returns a function that copies the received input. A handler may mutate its input, which may
 * share objects with the received input.
 */
export function receivedInput(call: Call): () => WireInput {
  return call.readInput ?? copiesOf(call.wire)
}

/** Decodes the received input again, for code that must not see earlier changes to the input. */
export async function renewInput(call: Call, received: () => WireInput): Promise<void> {
  call.input = await abortable(Promise.resolve(call.operation.decode(received())), call.deadline)
}

/** Returns a function that copies the input in its current state. */
function copiesOf(wire: WireInput): () => WireInput {
  const kept = structuredClone(wire)
  return () => structuredClone(kept)
}
