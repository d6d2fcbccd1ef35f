import { type CompiledOperation, describeOperation } from '../../kernel/operation/compile.ts'

/** The code whose statements are guarded, usually an operation's handler, and its limits. */
export interface GuardedHandler extends Pick<
  CompiledOperation,
  'name' | 'route' | 'definedAt' | 'budget' | 'maxRows' | 'hasExplicitMaxRows' | 'repeats'
> {
  /**
   * The name of the code in messages, if the code is not the handler. The limits of such code
   * cannot be raised.
   */
  readonly part?: string
}

/** Returns the guarded code as text for messages. */
export function describeHandler(handler: GuardedHandler): string {
  const operation = describeOperation(handler)
  return handler.part === undefined ? operation : `${handler.part} of ${operation}`
}
