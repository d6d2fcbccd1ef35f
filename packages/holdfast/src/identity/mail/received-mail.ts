import type { MailMessage } from './mail.ts'

/** A mail in an `Inbox`. */
export interface ReceivedMail extends MailMessage {
  /** The number of the mail in the inbox, from 1. */
  readonly number: number
  readonly receivedAt: Date
}
