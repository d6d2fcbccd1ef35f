/**
 * The failure of a connection whose server has sent bytes that the protocol does not allow. The
 * outcome of the running statements is unknown, as after a lost connection.
 */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation'

  constructor(finding: string) {
    super(`Connection terminated: the server sent ${finding}.`)
  }
}
