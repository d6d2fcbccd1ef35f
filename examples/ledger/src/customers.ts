import { readMode } from 'holdfast'
import { accounts, inbox, mailOf, smtp } from 'holdfast/auth'
import { app, type LedgerValues, session } from './app.ts'

/**
 * Keeps the mails of development and tests. During development, they are printed, and shown at
 * `/dev/mail`.
 */
export const mails = inbox({
  onMail({ to, subject, text }) {
    if (readMode(process.env) === 'development') console.error(`\nMail to ${to}: ${subject}\n\n${text}\n`)
  },
})

/** Mails are sent by SMTP if MAIL_URL is set, as it must be in production. */
const mail = mailOf(({ MAIL_URL }: LedgerValues) =>
  MAIL_URL ? smtp({ url: MAIL_URL, from: 'Ledger <noreply@ledger.example>' }) : mails,
)

/** The customers: sign-up, sign-in, and their sessions. */
export const customers = accounts(app, {
  sessions: session,
  mail,
  // The pages are not part of the ledger. They send the token of the link to the operations.
  pages: {
    verifyEmail: 'https://ledger.example/verify-email',
    resetPassword: 'https://ledger.example/reset-password',
  },
})
