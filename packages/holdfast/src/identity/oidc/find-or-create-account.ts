import type { Jobs, Transaction } from '../../kernel/background/effects.ts'
import { uuidv7 } from '../../kernel/base/uuid-v7.ts'
import { type ProblemWithWrites, keepWrites } from '../../kernel/problem/keep-writes.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { AccountNotLinked, ProviderEmailMissing, ProviderEmailUnverified } from './problems.ts'
import type { ProviderIdentity } from './provider-identity.ts'
import type { BegunRow } from './queries/begun-sign-ins.ts'
import { insertIdentity, type UsedIdentity, useIdentity } from './queries/linked-identities.ts'
import {
  type AccountOfEmail,
  deleteUnverifiedAccount,
  findAccountOfEmail,
  insertVerifiedAccount,
} from './queries/provider-accounts.ts'
import { insertUnverified, takeUnverified } from './queries/unverified-identities.ts'
import { requireClient, type SignInParts } from './sign-in-parts.ts'

/** The parts of a completed sign-in. */
export interface Completion {
  readonly begun: BegunRow
  readonly identity: ProviderIdentity
  readonly jobs: Jobs
}

type Email = NonNullable<ProviderIdentity['email']>

/**
 * Returns the account of an identity. Creates one for a new identity whose address is proven:
 *
 *     address proven?   account with the address   answer
 *     no                any or none                a mail, and the same problem in each case
 *     yes               none                       a new account without a password
 *     yes               unverified                 it is deleted, and a new account created
 *     yes               verified                   `account-not-linked`, or linked by the option
 *
 * An unverified account is deleted, because another person may have created it to wait for the
 * owner of the address ("pre-hijacked accounts", Sudhodanan and Paverd, 2022).
 */
export async function findOrCreateAccount<Read, Write, Values>(
  parts: SignInParts<Read, Write, Values>,
  transaction: Transaction,
  completion: Completion,
): Promise<string | ProblemWithWrites> {
  const { identity } = completion
  const known = await findAccount(transaction, identity)
  if (known !== undefined) return known
  const { email } = identity
  if (!email) throw ProviderEmailMissing()
  if (!identity.ownsEmail && !(await isVerifiedByMail(transaction, completion, email)))
    return mailVerification(parts, transaction, { ...completion, email })
  return accountOfProvenEmail(parts, transaction, { ...completion, email })
}

/**
 * Returns true if the sign-in was begun with the token of a mail to the address of this identity.
 */
async function isVerifiedByMail(
  transaction: Transaction,
  { begun, identity: { issuer, subject } }: Completion,
  { key: emailKey }: Email,
): Promise<boolean> {
  const tokenHash = begun.email_token_hash
  if (tokenHash === null) return false
  const { service } = transaction
  const taken = await runStatement<object>(
    transaction,
    takeUnverified({ service, issuer, subject, emailKey, tokenHash }),
  )
  return taken.length > 0
}

/** Mails a link. Does the same work if an account has the address: the job finds out. */
async function mailVerification<Read, Write, Values>(
  { providerMails, verificationMs: ttlMs }: SignInParts<Read, Write, Values>,
  transaction: Transaction,
  { identity, jobs, email }: Completion & { readonly email: Email },
): Promise<ProblemWithWrites> {
  const { provider, issuer, subject } = identity
  const id = uuidv7()
  const { service } = transaction
  await runStatement(
    transaction,
    insertUnverified({
      id,
      service,
      provider,
      issuer,
      subject,
      email: email.address,
      emailKey: email.key,
      ttlMs,
    }),
  )
  await providerMails.enqueue(jobs, { kind: 'verify', id, provider })
  return keepWrites(ProviderEmailUnverified())
}

async function findAccount(
  transaction: Transaction,
  identity: ProviderIdentity,
): Promise<string | undefined> {
  const { issuer, subject, email } = identity
  const [used] = await runStatement<UsedIdentity>(
    transaction,
    useIdentity({ service: transaction.service, issuer, subject }, email?.address),
  )
  return used?.account_id
}

async function accountOfProvenEmail<Read, Write, Values>(
  parts: SignInParts<Read, Write, Values>,
  transaction: Transaction,
  { identity, jobs, email }: Completion & { readonly email: Email },
): Promise<string> {
  const { service } = transaction
  const [existing] = await runStatement<AccountOfEmail>(transaction, findAccountOfEmail(service, email.key))
  if (existing?.is_verified === true) {
    const { provider } = requireClient(parts, identity.provider)
    if (!provider.linkVerifiedEmails || !identity.ownsEmail) throw AccountNotLinked()
    await parts.providerMails.enqueue(jobs, {
      kind: 'linked',
      id: existing.id,
      provider: identity.provider,
    })
    return link(transaction, existing.id, identity)
  }
  if (existing) await runStatement(transaction, deleteUnverifiedAccount(existing.id))
  const [created] = await runStatement<{ id: string }>(
    transaction,
    insertVerifiedAccount({ id: uuidv7(), service, email: email.address, emailKey: email.key }),
  )
  if (created) return link(transaction, created.id, identity)
  // Another transaction has created the account since; perhaps for the same identity.
  const account = await findAccount(transaction, identity)
  if (account === undefined) throw AccountNotLinked()
  return account
}

/** Links an identity to an account, and returns the account that it is linked to. */
export async function link(
  transaction: Transaction,
  account: string,
  identity: ProviderIdentity,
): Promise<string> {
  const { provider, issuer, subject, email } = identity
  const inserted = await runStatement<object>(
    transaction,
    insertIdentity({
      id: uuidv7(),
      service: transaction.service,
      account,
      provider,
      issuer,
      subject,
      email: email?.address,
    }),
  )
  return inserted.length > 0 ? account : ((await findAccount(transaction, identity)) ?? account)
}
