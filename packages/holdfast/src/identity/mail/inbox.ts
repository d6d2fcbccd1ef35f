import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { Mail, MailMessage } from './mail.ts'

/** A mail in an {@link Inbox}. */
export interface ReceivedMail extends MailMessage {
  readonly receivedAt: Date
}

/** Options of {@link inbox}. */
export interface InboxOptions {
  /** Called with each mail, for example to print its link in development. Default: nothing. */
  readonly onMail?: (mail: ReceivedMail) => void
  /** Max number of mails. Beyond it, the oldest is removed. Default 100. */
  readonly maxMails?: number
}

/** A {@link Mail} that keeps mails in the memory of the process. */
export interface Inbox extends Mail {
  /** The mails, oldest first. */
  readonly mails: readonly ReceivedMail[]
  /** Returns the last mail to an address; `undefined` if there is none. */
  lastTo(address: string): ReceivedMail | undefined
}

/**
 * Returns an inbox for development and tests. It sends nothing.
 *
 * @throws HoldfastError `configuration-invalid` in production: mails would be lost.
 *
 * @example
 * ```ts
 * const mail = inbox({ onMail: ({ to, text }) => console.log(`mail to ${to}\n${text}`) })
 * ```
 */
export function inbox({ onMail, maxMails = 100 }: InboxOptions = {}): Inbox {
  if (process.env['NODE_ENV'] === 'production')
    throw configurationInvalid(['mails go to an inbox in memory; use a Mail that sends them in production'])
  const mails: ReceivedMail[] = []
  return {
    mails,
    lastTo: (address) => mails.findLast(({ to }) => to === address),
    async send(message) {
      const received = { ...message, receivedAt: new Date() }
      mails.push(received)
      if (mails.length > maxMails) mails.shift()
      onMail?.(received)
    },
  }
}
