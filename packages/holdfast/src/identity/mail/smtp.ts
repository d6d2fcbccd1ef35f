import { createHash } from 'node:crypto'
import type * as nodemailer from 'nodemailer'
import type { CapabilityStart, OpenCapability } from '../../kernel/background/open-capability.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { Mail, MailCall, MailMessage } from './mail.ts'
import { checkFields } from './mail-fields.ts'
import { toMailFailure } from './smtp-failure.ts'
import { readSmtpOptions, type SmtpOptions, type SmtpServer } from './smtp-options.ts'

/** A {@link Mail} that sends mails by SMTP. */
export interface Smtp extends Mail {
  open(start: CapabilityStart): Promise<OpenCapability>
  /** Closes the connections. A service does it when it stops. A later mail opens new ones. */
  close(): void
}

/**
 * Returns a {@link Mail} that sends mails by SMTP over verified TLS. Needs the package
 * `nodemailer`.
 *
 * The `Message-ID` is derived from the key of the mail, so that mail clients show a mail that a
 * further attempt sent again only once.
 *
 * @throws HoldfastError `configuration-invalid` if an option is invalid.
 *
 * @example
 * ```ts
 * const mail = smtp({ url: 'smtp://localhost:1025', from: 'Shop <noreply@example.com>' })
 * ```
 */
export function smtp(options: SmtpOptions): Smtp {
  const server = readSmtpOptions(options)
  let opened: Promise<Transport> | undefined
  const close = (): void => {
    opened?.then(
      (transport) => transport.close({ force: true }),
      () => {},
    )
    opened = undefined
  }
  return {
    async open() {
      await loadLibrary()
      return { close }
    },
    async send(message, call) {
      checkFields(message)
      call.signal.throwIfAborted()
      opened ??= openTransport(server)
      const transport = await opened
      try {
        await transport.sendMail(toMail(message, call, server))
      } catch (error) {
        call.signal.throwIfAborted()
        throw toMailFailure(error, { message, server })
      }
    },
    close,
  }
}

/** The pool of the library; a closed pool sends nothing. */
type Transport = Awaited<ReturnType<typeof openTransport>>

async function openTransport(server: SmtpServer) {
  const { createTransport } = await loadLibrary()
  const { host, port, secure, requireTLS, auth, ca, maxConnections, timeoutMs } = server
  const options: nodemailer.SMTPPoolOptions & { readonly pool: true } = {
    pool: true,
    host,
    port,
    secure,
    requireTLS,
    ...(auth ? { auth } : {}),
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) },
    maxConnections,
    // A further attempt of the job sends the mail again, with its delays and limits.
    maxRequeues: 0,
    idleTimeout: 30_000,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    logger: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
  return createTransport(options)
}

function toMail({ to, subject, text, html }: MailMessage, { key, signal }: MailCall, { sender }: SmtpServer) {
  const domain = sender.address.slice(sender.address.lastIndexOf('@') + 1)
  const id = createHash('sha256').update(key).digest('hex').slice(0, 40)
  return {
    from: sender,
    // Objects, which the library does not parse: a comma cannot add a recipient.
    to: { name: '', address: to },
    envelope: { from: sender.address, to: [to] },
    subject,
    text,
    ...(html === undefined ? {} : { html }),
    messageId: `<${id}@${domain}>`,
    // Asks auto-responders not to answer (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    signal,
  }
}

async function loadLibrary(): Promise<typeof nodemailer> {
  try {
    return await import('nodemailer')
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw configurationInvalid(['smtp needs the package nodemailer; install it: npm i nodemailer'])
  }
}
