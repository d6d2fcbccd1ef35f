/** The reason why the response of an authenticator is refused, for the log. */
export class PasskeyRefused extends Error {
  override readonly name = 'PasskeyRefused'
}
