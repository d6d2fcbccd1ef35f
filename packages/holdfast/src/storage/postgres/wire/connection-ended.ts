/** The failure of a statement whose connection was closed by this process. */
export class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded'

  constructor() {
    super('Connection terminated')
  }
}
