/**
 * The parts of an input as a transport received them, before any schema parses them. They are plain
 * data, because an attempt of a mutation may parse a copy, and a copy preserves neither getters nor
 * classes.
 */
export interface WireInput {
  /** Path parameters, percent-decoded. */
  readonly path: Readonly<Record<string, string>>
  /** Query parameters, percent-decoded: all values of each name. */
  readonly query: Readonly<Record<string, readonly string[]>>
  /** The parsed JSON body; `undefined` if there is none. */
  readonly body: unknown
}
