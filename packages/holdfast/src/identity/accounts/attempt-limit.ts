import { hash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import type { Statements, Transaction } from '../../kernel/background/effects.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { TooManyAttempts } from './problems.ts'
import { countFailures, type FailuresRow, forgetFailures, readFailures } from './queries/failures.ts'

/** The limit of failed sign-ins. */
export interface AttemptLimits {
  /** Max number of failures with one address, from all clients. Default 10. */
  readonly perAccount?: number
  /** Max number of failures of one client: an IPv4 address, or a /64 of IPv6. Default 50. */
  readonly perClient?: number
  /** The time after the first failure after which the count begins again. Default `'15m'`. */
  readonly window?: Duration
}

/** The account and the client of an attempt. */
export interface Attempt {
  readonly emailKey: string
  readonly address: string | undefined
}

/**
 * Counts failed attempts in Postgres, for all processes together. Attempts beyond a limit are
 * refused before the password is hashed, even if it is right.
 */
export class AttemptLimit {
  readonly #perAccount: number
  readonly #perClient: number
  readonly #windowMs: number

  constructor({ perAccount = 10, perClient = 50, window = '15m' }: AttemptLimits = {}) {
    this.#perAccount = perAccount
    this.#perClient = perClient
    this.#windowMs = toMilliseconds(window, { option: 'window of attempts' })
  }

  /** @throws TooManyAttempts if a limit is reached. */
  async check(statements: Statements, attempt: Attempt): Promise<void> {
    const { account, client } = idsOf(statements.service, attempt)
    const ids = client ? [account, client] : [account]
    const rows = await runStatement<FailuresRow>(statements, readFailures(ids))
    const isOver = rows.some(
      ({ id, count }) => count >= (id.equals(account) ? this.#perAccount : this.#perClient),
    )
    if (isOver) throw TooManyAttempts()
  }

  /** Counts a failure. Answer with `keepWrites`, so that the count is committed. */
  async countFailure(transaction: Transaction, attempt: Attempt): Promise<void> {
    const { account, client } = idsOf(transaction.service, attempt)
    await runStatement(transaction, countFailures(client ? [account, client] : [account], this.#windowMs))
  }

  /** Forgets the failures with an address, after a success. */
  async forget(transaction: Transaction, attempt: Attempt): Promise<void> {
    await runStatement(transaction, forgetFailures(idsOf(transaction.service, attempt).account))
  }
}

function idsOf(
  service: string,
  { emailKey, address }: Attempt,
): { account: Buffer; client: Buffer | undefined } {
  return {
    account: idOf(service, 'account', emailKey),
    client: address === undefined ? undefined : idOf(service, 'client', networkOf(address)),
  }
}

function idOf(...parts: readonly string[]): Buffer {
  return hash('sha256', JSON.stringify(parts), 'buffer')
}

/** Returns the network of a client. A client with IPv6 has all addresses of a /64. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return 'parts' in parsed ? parsed.parts.slice(0, 4).join(':') : parsed.toString()
}
