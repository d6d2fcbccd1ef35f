import { randomUUID } from 'node:crypto'
import type { Jobs } from '../../kernel/background/effects.ts'
import { createJob, type Job, type JobContext } from '../../kernel/background/job.ts'
import { described } from '../../kernel/schema/schema.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import type { AccountMails } from '../accounts/account-mails.ts'
import { type AccountRow, findById } from '../accounts/queries/accounts.ts'
import type { MailMessage } from '../mail/mail.ts'
import { createToken } from '../sessions/session-token.ts'
import { lockMails, mailUnverified, type UnverifiedMail } from './queries/unverified-identities.ts'

/** A mail about a provider. */
export interface ProviderMail {
  /**
   * `verify`: a person signed in with the address, and the link verifies it. `exists`: the same,
   * but an account has the address. `linked`, `unlinked`: a provider was linked to the account, or
   * unlinked.
   */
  readonly kind: 'verify' | 'exists' | 'linked' | 'unlinked'
  readonly to: string
  /** The name of the provider. */
  readonly provider: string
  /** The link of `verify`. Empty for the other kinds. */
  readonly link: string
}

/** Options of the mails about providers. */
export interface ProviderMailOptions {
  /** The page to which the link in a mail leads. */
  readonly verifyPage: string
  readonly writeMail: ((mail: ProviderMail) => Omit<MailMessage, 'to'>) | undefined
  readonly maxMailsPerHour: number
}

/** The input of the job: the unverified identity, or the account. */
interface MailInput {
  readonly kind: 'verify' | 'linked' | 'unlinked'
  readonly id: string
  readonly provider: string
}

const inputSchema = described<MailInput>({
  type: 'object',
  properties: {
    kind: { enum: ['verify', 'linked', 'unlinked'] },
    id: { type: 'string' },
    provider: { type: 'string' },
  },
  required: ['kind', 'id', 'provider'],
})

type Context<Values> = JobContext<MailInput, unknown, Values>

/** The job that mails about providers. It uses the port of the mails of accounts. */
export class ProviderMails<Values> {
  readonly job: Job<MailInput>
  readonly #options: ProviderMailOptions
  readonly #mails: AccountMails<Values>

  constructor(options: ProviderMailOptions, mails: AccountMails<Values>, definedAt: string) {
    this.#options = options
    this.#mails = mails
    this.job = createJob(
      {
        name: 'provider-mail',
        input: inputSchema,
        deadline: '1m',
        subjectsOf: ({ kind, id }) => (kind === 'verify' ? [] : `user:${id}`),
        run: (context: Context<Values>) => this.#send(context),
      },
      definedAt,
    )
  }

  /** Enqueues a mail in the transaction. */
  async enqueue(jobs: Jobs, mail: MailInput): Promise<void> {
    await jobs.enqueue(this.job, mail)
  }

  async #send(context: Context<Values>): Promise<void> {
    const { input, settings, signal, id, log } = context
    const mail = await (input.kind === 'verify' ? this.#toUnverified(context) : toOwner(context))
    if (!mail)
      return log.info({ kind: input.kind }, 'mail not sent: its owner is gone, or got too many mails')
    const { writeMail = writeInEnglish } = this.#options
    const port = this.#mails.portOf(settings)
    await port.send({ ...writeMail(mail), to: mail.to }, { signal, key: id })
  }

  /**
   * The token is in no table and no job: a further attempt creates another one, and the first stays
   * valid.
   */
  async #toUnverified({ input, step }: Context<Values>): Promise<ProviderMail | undefined> {
    const { token, tokenHash } = createToken()
    const limit = this.#options.maxMailsPerHour
    const row = await step(`token-${randomUUID()}`, async ({ transaction }) => {
      await runStatement(transaction, lockMails(input.id))
      const [found] = await runStatement<UnverifiedMail>(
        transaction,
        mailUnverified({ id: input.id, tokenHash, limit }),
      )
      return found ?? null
    })
    if (!row) return undefined
    const { email: to, provider } = row
    if (row.has_account) return { kind: 'exists', to, provider, link: '' }
    return {
      kind: 'verify',
      to,
      provider,
      link: `${this.#options.verifyPage}#token=${token}&provider=${provider}`,
    }
  }
}

async function toOwner<Values>({ input, transaction }: Context<Values>): Promise<ProviderMail | undefined> {
  const [row] = await runStatement<AccountRow>(transaction, findById(transaction.service, input.id))
  if (!row || input.kind === 'verify') return undefined
  return { kind: input.kind, to: row.email, provider: input.provider, link: '' }
}

function writeInEnglish({ kind, provider, link }: ProviderMail): Omit<MailMessage, 'to'> {
  switch (kind) {
    case 'verify':
      return {
        subject: 'Verify your address',
        text: `Open this link and sign in with ${provider} again to verify your address:\n\n${link}\n\nIf you did not sign in with ${provider}, ignore this mail.\n`,
      }
    case 'exists':
      return {
        subject: 'You already have an account',
        text: `A client, perhaps yours, tried to sign in with ${provider} and your address. You already have an account. Sign in as before, and link ${provider} in your account.\n\nOtherwise, ignore this mail.\n`,
      }
    case 'linked':
      return {
        subject: `Your account was linked to ${provider}`,
        text: `You can now sign in to your account with ${provider}.\n\nIf you did not link it, sign in, unlink ${provider}, and change your password.\n`,
      }
    case 'unlinked':
      return {
        subject: `Your account was unlinked from ${provider}`,
        text: `You can no longer sign in to your account with ${provider}.\n\nIf you did not unlink it, sign in and change your password.\n`,
      }
  }
}
