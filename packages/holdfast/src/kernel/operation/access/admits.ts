/** A kind of caller that the framework's rules distinguish. */
export type CallerKind = 'anonymous' | 'user' | 'service'

/** The callers that a rule may admit, for documentation. */
export interface Admits {
  readonly kinds: readonly CallerKind[]
  /** True if the rule admits all callers of these kinds that have an id. */
  readonly always: boolean
}
