/**
 * The failure of a statement that the server has skipped, because an earlier statement of its group
 * failed.
 */
export class StatementSkipped extends Error {
  override readonly name = 'StatementSkipped'

  constructor(cause: Error) {
    super('The statement was not executed, because an earlier one in the same round trip failed.', { cause })
  }
}
