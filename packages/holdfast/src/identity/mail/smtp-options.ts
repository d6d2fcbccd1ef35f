import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { isLoopback } from './loopback.ts'
import { senderOf, type Sender } from './mail-fields.ts'

/** Options of {@link smtp}. */
export interface SmtpOptions {
  /**
   * The URL of the mail server: `smtps://user:password@host` (TLS, port 465) or
   * `smtp://user:password@host` (STARTTLS, port 587). Encode special characters of the password.
   * Read it from a setting, as a `Secret`.
   */
  readonly url: string | { reveal(): string }
  /** The sender: `noreply@example.com`, or `Shop <noreply@example.com>`. */
  readonly from: string
  /**
   * `'required'`: a server without STARTTLS is refused. With a reason, mails are also sent without
   * TLS, which everyone on the way can read and change. Default `'required'`; on the own machine
   * (localhost), TLS is used if the server offers it.
   */
  readonly tls?: 'required' | { readonly optionalBecause: string }
  /**
   * Certificates in PEM that sign the certificate of the server. Default: those of Node. Set it for
   * a server with a private certificate authority.
   */
  readonly ca?: string
  /** Max number of connections of a process. Default 3. */
  readonly maxConnections?: number
  /**
   * Max time to connect, and to wait for each answer of the server. Default `'20s'`. The deadline
   * of the job limits the whole.
   */
  readonly timeout?: Duration
}

/** The options of a mail server, validated. */
export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** True for TLS from the first byte. */
  readonly secure: boolean
  readonly requireTLS: boolean
  readonly auth: { readonly user: string; readonly pass: string } | undefined
  readonly ca: string | undefined
  readonly maxConnections: number
  readonly timeoutMs: number
  readonly sender: Sender
}

/**
 * Validates the options.
 *
 * @throws HoldfastError `configuration-invalid`. No message shows the URL, because of its password.
 */
export function readSmtpOptions(options: SmtpOptions): SmtpServer {
  const { maxConnections = 3, timeout = '20s', ca, tls } = options
  const url = readUrl(options.url)
  const sender = senderOf(options.from)
  const issues = [
    ...(url.issues ?? []),
    ...(sender
      ? []
      : ['the sender (`from`) of mails is no address; set it like "Shop <noreply@example.com>"']),
    ...(Number.isSafeInteger(maxConnections) && maxConnections >= 1 && maxConnections <= 100
      ? []
      : [`maxConnections of smtp is ${maxConnections}; set it to an integer from 1 to 100`]),
    ...(typeof tls !== 'object' || tls.optionalBecause.trim() !== ''
      ? []
      : ['smtp has an empty reason to send without TLS; write the reason in `optionalBecause`']),
  ]
  if (issues.length > 0 || !url.server || !sender) throw configurationInvalid(issues)
  const isOptional = tls === undefined ? isLoopback(url.server.host) : tls !== 'required'
  return {
    ...url.server,
    requireTLS: !url.server.secure && !isOptional,
    ca,
    maxConnections,
    timeoutMs: toMilliseconds(timeout, { option: 'timeout of smtp' }),
    sender,
  }
}

interface ReadUrl {
  readonly server?: Pick<SmtpServer, 'host' | 'port' | 'secure' | 'auth'>
  readonly issues?: readonly string[]
}

function readUrl(given: SmtpOptions['url']): ReadUrl {
  const url = URL.parse(typeof given === 'string' ? given : given.reveal())
  const form = 'set it like smtps://user:password@mail.example.com, with a percent-encoded user and password'
  if (!url || url.hostname === '' || !['smtp:', 'smtps:'].includes(url.protocol))
    return { issues: [`the URL of the mail server is not an smtp or smtps URL; ${form}`] }
  // Such parts look like options, which would silently have no effect.
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
    return { issues: [`the URL of the mail server has a path, a query or a fragment; ${form}`] }
  const [user, pass] = [decoded(url.username), decoded(url.password)]
  if (user === undefined || pass === undefined || (user === '') !== (pass === ''))
    return { issues: [`the URL of the mail server has a broken user or password; ${form}`] }
  const secure = url.protocol === 'smtps:'
  return {
    server: {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
      secure,
      auth: user === '' ? undefined : { user, pass },
    },
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
