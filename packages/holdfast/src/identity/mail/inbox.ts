import type { CapabilityStart, OpenCapability } from '../../kernel/background/open-capability.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { inboxPages } from './inbox-pages.ts'
import type { Mail } from './mail.ts'
import type { ReceivedMail } from './received-mail.ts'

/** Options of {@link inbox}. */
export interface InboxOptions {
  /** Called with each mail, for example to print its link in development. Default: nothing. */
  readonly onMail?: (mail: ReceivedMail) => void
  /** Max number of mails. Beyond it, the oldest is removed. Default 100. */
  readonly maxMails?: number
}

/** A {@link Mail} that keeps mails in the memory of the process. */
export interface Inbox extends Mail {
  open(start: CapabilityStart): Promise<OpenCapability>
  /** The mails, oldest first. */
  readonly mails: readonly ReceivedMail[]
  /** Returns the last mail to an address; `undefined` if there is none. */
  lastTo(address: string): ReceivedMail | undefined
}

/**
 * Returns an inbox for development and tests. It sends nothing. In development, the service shows
 * the mails at `/dev/mail`, to clients on the same machine.
 *
 * A service in production does not start with it (`configuration-invalid`): mails would be lost.
 *
 * @example
 * ```ts
 * const mail = inbox({ onMail: ({ to, text }) => console.log(`mail to ${to}\n${text}`) })
 * ```
 */
export function inbox({ onMail, maxMails = 100 }: InboxOptions = {}): Inbox {
  const mails: ReceivedMail[] = []
  let count = 0
  return {
    mails,
    lastTo: (address) => mails.findLast(({ to }) => to === address),
    async open({ mode }) {
      if (mode === 'production')
        throw configurationInvalid([
          'mails go to an inbox in memory; use a Mail that sends them in production, such as smtp()',
        ])
      return mode === 'development' ? { pages: inboxPages(mails) } : {}
    },
    async send(message) {
      const received = { ...message, number: (count += 1), receivedAt: new Date() }
      mails.push(received)
      if (mails.length > maxMails) mails.shift()
      onMail?.(received)
    },
  }
}
