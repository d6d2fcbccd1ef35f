/**
 * The parts of an input as a transport received them, before any schema. They are plain data: a mutation
 * that is run again reads a copy of them, which has no getters and no class.
 */
export interface WireInput {
  /** Path parameters, percent-decoded. */
  readonly path: Readonly<Record<string, string>>
  /** Query parameters, percent-decoded: each name with all its values. */
  readonly query: Readonly<Record<string, readonly string[]>>
  /** The parsed JSON body; `undefined` if there is none. */
  readonly body: unknown
}
