import pg from 'pg'

/**
 * The database work of all servers except Holdfast's. It runs the same statements as Holdfast's
 * server. `STATEMENT_TIMEOUT` is in milliseconds; default: no limit.
 */
const pool = new pg.Pool({
  connectionString: process.env['DATABASE_URL'],
  max: 10,
  statement_timeout: Number(process.env['STATEMENT_TIMEOUT'] ?? 0),
})

/** A row of `accounts`. */
export interface Account {
  readonly id: number
  readonly name: string
  readonly balance: number
}

/** Reads one row. */
export async function readAccount(id: number): Promise<Account> {
  const { rows } = await pool.query<Account>('select id, name, balance from accounts where id = $1', [id])
  return rows[0]!
}

/** A completed transfer. */
export interface Transfer {
  readonly id: number
  readonly account: number
  readonly amount: number
}

/** Makes a transfer in a handwritten transaction. A retry is not safe. */
export async function transferUnsafely(body: unknown): Promise<Transfer> {
  const { account, amount } = body as { account: number; amount: number }
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('update accounts set balance = balance + $2 where id = $1', [account, amount])
    const { rows } = await client.query<Transfer>(
      'insert into transfers (account, amount) values ($1, $2) returning id, account, amount',
      [account, amount],
    )
    await client.query('COMMIT')
    return rows[0]!
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

/** Inserts the row of a job. */
export async function insertReceipt(transfer: number): Promise<void> {
  await pool.query('insert into receipts (transfer) values ($1)', [transfer])
}
