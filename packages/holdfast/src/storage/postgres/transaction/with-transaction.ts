import type { Work } from '../../../kernel/host/work.ts'
import type { Pool } from '../pool/pool.ts'
import { Transaction } from './transaction.ts'
import { uniformLimits } from '../queries/begin-transaction.ts'
import type { TransactionOwner } from './transaction-failures.ts'

/** Options of {@link withTransaction}. */
export interface WithTransactionOptions {
  readonly work: Work
  /** Max duration of the transaction, in milliseconds. */
  readonly limitMs: number
  /** The job whose handler writes through the transaction. Default: none. */
  readonly owner?: TransactionOwner
  /** The tenant whose rows the statements may read and write. Default: no tenant. */
  readonly tenant?: string | undefined
}

/**
 * Lends a transaction to `use`, and closes it afterwards: it is rolled back unless `use` has
 * committed it.
 */
export async function withTransaction<Result>(
  pool: Pool,
  { work, limitMs, owner, tenant }: WithTransactionOptions,
  use: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const transaction = new Transaction(pool, work, { limits: uniformLimits(limitMs), owner, tenant })
  try {
    return await use(transaction)
  } finally {
    await transaction.close()
  }
}

/**
 * Runs statements of the framework in one transaction, which commits when `use` resolves. The
 * commit does not check if a migration was committed after the transaction began, because these
 * statements work before and after a migration.
 */
export async function transact<Result>(
  pool: Pool,
  { work, limitMs }: Pick<WithTransactionOptions, 'work' | 'limitMs'>,
  use: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const transaction = new Transaction(pool, work, { limits: uniformLimits(limitMs), isChecked: false })
  try {
    const result = await use(transaction)
    if (transaction.isUsed) await transaction.commit()
    return result
  } finally {
    await transaction.close()
  }
}
