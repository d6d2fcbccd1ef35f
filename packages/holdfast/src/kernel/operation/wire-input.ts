/**
 * The parts of an input as a transport received them, before any schema. They are plain data: a
 * mutation that runs again parses a copy of them, which preserves neither getters nor classes.
 */
export interface WireInput {
  /** Path parameters, percent-decoded. */
  readonly path: Readonly<Record<string, string>>
  /** Query parameters, percent-decoded: all values of each name. */
  readonly query: Readonly<Record<string, readonly string[]>>
  /** The parsed JSON body; `undefined` if there is none. */
  readonly body: unknown
}
