import { HoldfastError } from '../../base/holdfast-error.ts'
import type { Redactor } from '../../base/redact.ts'
import type { Caller } from '../caller.ts'
import { HandlerResponse } from '../respond.ts'

/** The part of a call from which its trail entry is computed, after the handler has returned. */
export interface TrailOfCall<Input, Output, CallerType extends Caller = Caller> {
  readonly input: Input
  /** The return value of the handler, without headers and cookies. */
  readonly output: Output
  readonly caller: CallerType
}

/** The parts of a trail entry besides the caller, the operation and the time. */
export interface TrailDefinition<Input, Output, CallerType extends Caller = Caller> {
  /**
   * Returns the thing that the call changed, such as `order:42`, of 1 to 255 characters. Default:
   * none.
   */
  readonly target?: (call: TrailOfCall<Input, Output, CallerType>) => string
  /**
   * Returns further data to store as JSON. Values whose names are sensitive are hidden, as in the
   * log. Default: none. In particular, the input is not stored.
   */
  readonly details?: (call: TrailOfCall<Input, Output, CallerType>) => Readonly<Record<string, unknown>>
  /**
   * True to record a problem that keeps the writes of its handler, too, with its status. Default
   * true. Set it to false if callers without credentials can cause such problems: they would fill
   * the trail, which cannot be emptied.
   */
  readonly problems?: boolean
}

/** The option `trail` of an operation, without the types of its input and output. */
export type AnyTrail = true | TrailDefinition<never, never, never>

/** The declared part of a trail row. */
export interface TrailEntry {
  readonly target: string | undefined
  /** JSON text. */
  readonly details: string | undefined
}

/**
 * Returns the trail entry of a call whose handler has returned `result`; false if the handler has
 * declared that the call has none.
 *
 * @throws HoldfastError `trail-target-invalid`, and the errors of the declared functions.
 */
export function toTrailEntry(
  trail: AnyTrail,
  { input, caller, result }: { readonly input: unknown; readonly caller: Caller; readonly result: unknown },
  redactor: Redactor,
): TrailEntry | false {
  const response = result instanceof HandlerResponse ? HandlerResponse.partsOf<unknown>(result) : undefined
  if (response?.trail === false) return false
  const { target, details: detailsOf }: TrailDefinition<never, never, never> = trail === true ? {} : trail
  const call = { input, output: response ? response.output : result, caller } as never
  const details = detailsOf?.(call)
  const targetOf = response?.trail === undefined ? target : (): string => response.trail as string
  return {
    target: targetOf && checkTarget(redactor.text(targetOf(call))),
    details: details && JSON.stringify(redactor.fields(details)),
  }
}

const maxTarget = 255

function checkTarget(target: unknown): string {
  const isValid = typeof target === 'string' && target.length >= 1 && target.length <= maxTarget
  if (isValid && !target.includes('\0')) return target
  throw new HoldfastError(
    'trail-target-invalid',
    `The target of a trail must be a string of 1 to ${maxTarget} characters without U+0000. Return a name such as 'order:42' from \`trail.target\`.`,
  )
}
