import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { onTestFinished } from 'vitest'
import { createTestAuthority } from '../../../test/certificates.ts'

/** The authority of the servers, and another one, whose certificates clients refuse. */
export const authority = createTestAuthority()
const stranger = createTestAuthority('Stranger')
const own = authority.issue('localhost', '127.0.0.1')
const strange = stranger.issue('localhost', '127.0.0.1')

/** A mail as the server has received it. */
interface AcceptedMail {
  readonly from: string
  readonly to: readonly string[]
  /** The headers and the body. */
  readonly data: string
  readonly isSecure: boolean
}

/** Options of {@link startSmtpServer}. */
export interface SmtpServerOptions extends Pick<SMTPServerOptions, 'secure' | 'disabledCommands'> {
  readonly isTrusted?: boolean
  /** Returns the status with which the server refuses a step; `undefined` to accept it. */
  readonly refuses?: (step: 'auth' | 'from' | 'to' | 'data', value: string) => number | undefined
  /** Waits before the answer to a recipient. */
  readonly wait?: () => Promise<void>
}

/** Starts a mail server that accepts the user `shop` with the password `s3cret/word`. */
export async function startSmtpServer({
  isTrusted = true,
  refuses = () => undefined,
  wait = async () => {},
  ...options
}: SmtpServerOptions = {}) {
  const mails: AcceptedMail[] = []
  const sessions = new Set<string>()
  let tried = 0
  const answer = (step: 'from' | 'to' | 'data', value: string): Error | null => {
    const status = refuses(step, value)
    return status === undefined
      ? null
      : Object.assign(new Error(`refused for <${value}>`), { responseCode: status })
  }
  const { certificate, key } = isTrusted ? own : strange
  const server = new SMTPServer({
    cert: certificate,
    key,
    authOptional: false,
    logger: false,
    closeTimeout: 1,
    onConnect(session, done) {
      sessions.add(session.id)
      done()
    },
    onAuth({ username, password }, _session, done) {
      const isRight = username === 'shop' && password === 's3cret/word'
      const status = refuses('auth', username ?? '')
      if (isRight && status === undefined) done(null, { user: username })
      else done(Object.assign(new Error(`no ${username} ${password}`), { responseCode: status ?? 535 }))
    },
    onMailFrom: ({ address }, _session, done) => done(answer('from', address)),
    async onRcptTo({ address }, _session, done) {
      tried += 1
      await wait()
      done(answer('to', address))
    },
    onData(stream, { envelope, secure }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const refused = answer('data', '')
        if (!refused)
          mails.push({
            from: envelope.mailFrom ? envelope.mailFrom.address : '',
            to: envelope.rcptTo.map(({ address }) => address),
            data: Buffer.concat(chunks).toString('utf8'),
            isSecure: secure,
          })
        done(refused)
      })
    },
    ...options,
  })
  // A client that refuses the certificate ends the connection.
  server.on('error', () => {})
  const port = await new Promise<number>((resolve) => {
    const listener = server.listen(0, '127.0.0.1', () =>
      resolve((listener.address() as { port: number }).port),
    )
  })
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { port, mails, sessions, tried: () => tried }
}
