import { readMode } from 'holdfast'
import { accounts, inbox } from 'holdfast/auth'
import { app, session } from './app.ts'
import { mailService } from './mail-service.ts'

/** The mails of development and tests. During development, they are printed. */
export const mails =
  readMode(process.env) === 'production'
    ? undefined
    : inbox({
        onMail({ to, subject, text }) {
          if (readMode(process.env) === 'development')
            console.error(`\nMail to ${to}: ${subject}\n\n${text}\n`)
        },
      })

/** The customers: sign-up, sign-in, and their sessions. */
export const customers = accounts(app, {
  sessions: session,
  mail: ({ MAIL_URL }) => mails ?? mailService(MAIL_URL!),
  // The pages are not part of the ledger. They send the token of the link to the operations.
  pages: {
    verifyEmail: 'https://ledger.example/verify-email',
    resetPassword: 'https://ledger.example/reset-password',
  },
})
