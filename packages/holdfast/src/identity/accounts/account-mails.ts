import { randomUUID } from 'node:crypto'
import type { Jobs } from '../../kernel/background/effects.ts'
import { createJob, type Job, type JobContext } from '../../kernel/background/job.ts'
import type { CapabilityStart, OpenCapability } from '../../kernel/background/open-capability.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { described } from '../../kernel/schema/schema.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import type { Mail, MailMessage } from '../mail/mail.ts'
import { mailOf } from '../mail/mail-of.ts'
import { createToken } from '../sessions/session-token.ts'
import { findAddress, lockAccount } from './queries/accounts.ts'
import { insertToken, type MailedAccount, type TokenPurpose } from './queries/tokens.ts'

/** A change of the credentials of an account. */
export type AccountChangeKind =
  | 'second-factor-added'
  | 'second-factor-removed'
  | 'recovery-codes-replaced'
  | 'recovery-code-used'
  | 'passkey-added'
  | 'passkey-removed'

/** A mail to the owner of an account. */
export interface AccountMail {
  /**
   * `verify`: the link verifies the address. `reset`: the link sets a new password. `notice`: a
   * client tried to sign up with the address, which already has an account; there is no token.
   * `change`: the credentials of the account have changed; there is no token.
   */
  readonly kind: 'verify' | 'reset' | 'notice' | 'change'
  /** The change, in a mail of the kind `change`. */
  readonly change?: AccountChangeKind | undefined
  /** The address of the owner. */
  readonly to: string
  /** The link: the page of the option `pages`, with the token in its fragment. */
  readonly link: string
}

/** The mails of accounts. */
export interface AccountMailOptions<Values> {
  /** Sends the mails, in a job. A function gets the settings of the application. */
  readonly mail: Mail | ((settings: Values) => Mail)
  /**
   * The pages of your application to which the links in mails lead. The token is in the fragment:
   * `https://app.example.com/verify-email#token=…`, so that it is in no log of a server. The page
   * sends it to the operation.
   */
  readonly pages: { readonly verifyEmail: string; readonly resetPassword: string }
  /** Returns the subject and the text of a mail. Default: short mails in English. */
  readonly writeMail?: (mail: AccountMail) => Omit<MailMessage, 'to'>
  /** The lifetime of a verification link. Default `'1d'`. */
  readonly verificationAge?: Duration
  /** The lifetime of a reset link. Default `'30m'`. */
  readonly resetAge?: Duration
  /**
   * Max number of mails to one account in an hour. Further ones are not sent. The attempts to send
   * one mail count once. Default 5.
   */
  readonly maxMailsPerHour?: number
}

/** The input of the job. */
export interface MailInput {
  /**
   * Null if the address has no account. The job is enqueued anyway, so that the time of the call
   * does not show which addresses have one.
   */
  readonly account: string | null
  readonly kind: AccountMail['kind']
  readonly change?: AccountChangeKind | undefined
}

const inputSchema = described<MailInput>({
  type: 'object',
  properties: {
    account: { type: ['string', 'null'] },
    kind: { enum: ['verify', 'reset', 'notice', 'change'] },
    change: { type: 'string' },
  },
  required: ['account', 'kind'],
})

/** The job that mails the owners of accounts. */
export class AccountMails<Values> {
  readonly job: Job<MailInput>
  /** Returns the port that sends the mails of a running service. */
  readonly portOf: (settings: Values) => Mail
  readonly #options: AccountMailOptions<Values>
  readonly #ageMs: Readonly<Record<TokenPurpose, number>>

  constructor(options: AccountMailOptions<Values>, definedAt: string) {
    this.#options = options
    this.portOf = mailOf(options.mail)
    requirePages(options.pages)
    const { verificationAge = '1d', resetAge = '30m' } = options
    const verifyMs = toMilliseconds(verificationAge, { option: 'verificationAge of accounts' })
    const resetMs = toMilliseconds(resetAge, { option: 'resetAge of accounts' })
    this.#ageMs = { verify: verifyMs, reset: resetMs, notice: resetMs }
    this.job = createJob(
      {
        name: 'account-mail',
        input: inputSchema,
        deadline: '1m',
        subjectsOf: ({ account }) => (account === null ? [] : `user:${account}`),
        run: (context: JobContext<MailInput, unknown, Values>) => this.#send(context),
      },
      definedAt,
    )
  }

  /** Opens the port at the start of a service. */
  async open({ mode, settings }: CapabilityStart): Promise<OpenCapability> {
    return (await this.portOf(settings as Values).open?.({ mode, settings })) ?? {}
  }

  /** Enqueues a mail in the transaction. `account` is undefined if the address has no account. */
  async enqueue(jobs: Jobs, kind: TokenPurpose, account: string | undefined): Promise<void> {
    await jobs.enqueue(this.job, { account: account ?? null, kind })
  }

  /**
   * Enqueues a mail about a change of the credentials. Such mails are not limited: they need a
   * recent sign-in, and must arrive even if other mails have reached the limit.
   */
  async enqueueChange(jobs: Jobs, change: AccountChangeKind, account: string): Promise<void> {
    await jobs.enqueue(this.job, { account, kind: 'change', change })
  }

  /**
   * Creates a token, commits its hash, and mails it. The token is in no table and no job: a further
   * attempt creates another one, and the first stays valid: its mail may have been sent.
   */
  async #send({
    input: { account, kind, change },
    step,
    settings,
    signal,
    id,
    log,
  }: JobContext<MailInput, unknown, Values>): Promise<void> {
    if (account === null) return
    const { token, tokenHash } = createToken()
    const limit = this.#options.maxMailsPerHour ?? 5
    const statement =
      kind === 'change'
        ? findAddress(account)
        : insertToken({ account, tokenHash, purpose: kind, ttlMs: this.#ageMs[kind], job: id, limit })
    const to = await step(`token-${randomUUID()}`, async ({ transaction }) => {
      await runStatement(transaction, lockAccount(account))
      const [row] = await runStatement<MailedAccount>(transaction, statement)
      return row?.email ?? null
    })
    if (to === null) return log.info({ kind }, 'mail not sent: the account is gone, or got too many mails')
    const { writeMail = writeInEnglish } = this.#options
    const written = writeMail({ kind, change, to, link: this.#linkOf(kind, token) })
    await this.portOf(settings).send({ ...written, to }, { signal, key: id })
  }

  #linkOf(kind: AccountMail['kind'], token: string): string {
    const { verifyEmail, resetPassword } = this.#options.pages
    if (kind === 'notice' || kind === 'change') return resetPassword
    return `${kind === 'verify' ? verifyEmail : resetPassword}#token=${token}`
  }
}

function requirePages(pages: Readonly<Record<string, string>>): void {
  const invalid = Object.entries(pages).filter(([, url]) => !isPage(url))
  if (invalid.length === 0) return
  throw configurationInvalid(
    invalid.map(
      ([name, url]) =>
        `the page ${name} of accounts is ${JSON.stringify(url)}; set it to an absolute https URL without a fragment (http only for localhost)`,
    ),
  )
}

function isPage(text: string): boolean {
  const url = URL.parse(text)
  if (!url || text.includes('#')) return false
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)
}

function writeInEnglish({ kind, change, link }: AccountMail): Omit<MailMessage, 'to'> {
  switch (kind) {
    case 'verify':
      return {
        subject: 'Verify your address',
        text: `Open this link and enter your password to verify your address:\n\n${link}\n\nIf you did not sign up, ignore this mail.\n`,
      }
    case 'reset':
      return {
        subject: 'Reset your password',
        text: `Open this link to choose a new password:\n\n${link}\n\nIf you did not ask for it, ignore this mail. Your password stays as it is.\n`,
      }
    case 'notice':
      return {
        subject: 'You already have an account',
        text: `A client, perhaps yours, tried to sign up with your address. You already have an account. If you forgot your password, reset it here:\n\n${link}\n\nOtherwise, ignore this mail.\n`,
      }
    case 'change':
      return {
        subject: 'Your sign-in has changed',
        text: `${changeTexts[change!]}\n\nIf you did not do this, reset your password now:\n\n${link}\n`,
      }
  }
}

const changeTexts: Readonly<Record<AccountChangeKind, string>> = {
  'second-factor-added': 'An authenticator app was added to your account.',
  'second-factor-removed': 'The authenticator app was removed from your account.',
  'recovery-codes-replaced': 'The recovery codes of your account were replaced.',
  'recovery-code-used': 'A recovery code was used to sign in to your account.',
  'passkey-added': 'A passkey was added to your account.',
  'passkey-removed': 'A passkey was removed from your account.',
}
