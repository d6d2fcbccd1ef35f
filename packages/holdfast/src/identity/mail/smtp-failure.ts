import { GiveUp } from '../../kernel/background/give-up.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { MailMessage } from './mail.ts'
import type { SmtpServer } from './smtp-options.ts'

/** The mail and the server of a failure. */
interface FailedMail {
  readonly message: MailMessage
  readonly server: SmtpServer
}

/** The members of the library's errors. */
interface SmtpError {
  readonly code?: unknown
  /** The SMTP command that failed. */
  readonly command?: unknown
  readonly responseCode?: unknown
  readonly response?: unknown
  readonly message?: unknown
}

/**
 * Returns the error of a mail that was not sent. A recipient or a mail that the server refuses
 * permanently (5xx) is not sent again. A refused sign-in or sender is an error of the
 * configuration, so the mail is kept until an operator has fixed it.
 */
export function toMailFailure(error: unknown, { message, server }: FailedMail): Error {
  const { code, command, responseCode, response, message: text } = error as SmtpError
  const status = typeof responseCode === 'number' ? responseCode : 0
  const said = typeof response === 'string' ? response : typeof text === 'string' ? text : String(code)
  const shown = withoutSecrets(said, { message, server })
  const at = typeof command === 'string' ? ` (${command.split(' ', 2).join(' ')})` : ''
  if (status >= 500 && (command === 'RCPT TO' || command === 'DATA'))
    return new GiveUp(`The mail server ${server.host} refused a mail permanently${at}: ${shown}`)
  return new HoldfastError(
    'mail-not-sent',
    `The mail server ${server.host}:${server.port} did not take a mail${at}: ${shown}`,
  )
}

const maxShown = 300

/** Hides the credentials, and the recipient, whose address is personal data. */
function withoutSecrets(text: string, { message, server: { auth } }: FailedMail): string {
  const secrets = auth ? [auth.pass, auth.user, ...encoded(auth)] : []
  let shown = text
  for (const secret of [...secrets, message.to])
    shown = shown.replaceAll(new RegExp(RegExp.escape(secret), 'gi'), '[hidden]')
  return shown.replaceAll(/\p{Cc}+/gu, ' ').slice(0, maxShown)
}

function encoded({ user, pass }: { readonly user: string; readonly pass: string }): readonly string[] {
  return [pass, user, `\0${user}\0${pass}`].map((text) => Buffer.from(text).toString('base64'))
}
