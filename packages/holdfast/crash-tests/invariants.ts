import { until } from 'holdfast/testing'
import type pg from 'pg'
import type { Observation } from './observation.ts'

/**
 * The SQL condition for transfers that clients requested directly. The memo of such a transfer is
 * its key.
 */
export const isOfKey = `memo is not null and memo not in ('payout', 'declined by the bank')`

/**
 * Returns the invariants that are still broken some time after a storm. Meanwhile, the server
 * notices interrupted work, and the transactions of background work end.
 */
export async function findLastingViolations(
  database: pg.Client,
  observations: readonly Observation[],
): Promise<readonly string[]> {
  let violations: readonly string[] = []
  await until(async () => (violations = await findViolations(database, observations)).length === 0).catch(
    () => {},
  )
  return violations
}

/** Returns the invariants that a storm broke; an empty list if no invariant is broken. */
async function findViolations(
  database: pg.Client,
  observations: readonly Observation[],
): Promise<readonly string[]> {
  return [
    ...(await doubledTransfers(database)),
    ...(await lostTransfers(database, observations)),
    ...(await transfersOfRefusals(database, observations)),
    ...differingAnswers(observations),
    ...(await unbalanced(database)),
    ...(await leaks(database)),
  ]
}

async function doubledTransfers(database: pg.Client): Promise<readonly string[]> {
  const { rows } = await database.query<{ memo: string; count: string }>(
    `select memo, count(*) from transfers where ${isOfKey} group by memo having count(*) > 1`,
  )
  return rows.map(({ memo, count }) => `duplicated: key ${memo} has ${count} transfers`)
}

async function lostTransfers(
  database: pg.Client,
  observations: readonly Observation[],
): Promise<readonly string[]> {
  const { rows } = await database.query<{ id: string; memo: string }>(
    `select id, memo from transfers where ${isOfKey} union all select id, iban from payouts`,
  )
  const booked = new Set(rows.map(({ id, memo }) => `${memo} ${id}`))
  return observations.flatMap(({ key, kind, iban, answers }) =>
    answers
      .filter(({ status }) => status < 300)
      .map(({ body }) => (JSON.parse(body) as { id: string }).id)
      .filter((id) => !booked.has(`${kind === 'payout' ? iban : key} ${id}`))
      .map((id) => `lost: key ${key} was answered with ${kind} ${id}, which is not in the database`),
  )
}

async function transfersOfRefusals(
  database: pg.Client,
  observations: readonly Observation[],
): Promise<readonly string[]> {
  const refused = observations
    .filter(({ answers }) => answers.some(({ status }) => status >= 400))
    .map(({ key }) => key)
  const { rows } = await database.query<{ memo: string }>(
    'select memo from transfers where memo = any ($1)',
    [refused],
  )
  return rows.map(({ memo }) => `booked and refused: key ${memo}`)
}

function differingAnswers(observations: readonly Observation[]): readonly string[] {
  return observations
    .filter(({ answers }) => new Set(answers.map(({ status, body }) => `${status} ${body}`)).size > 1)
    .map(({ key }) => `differing: key ${key} has final answers that are not the same bytes`)
}

async function unbalanced(database: pg.Client): Promise<readonly string[]> {
  const { rows } = await database.query<{ what: string }>(`
    select 'unbalanced: all entries sum to ' || sum(amount) as what from entries having sum(amount) <> 0
    union all
    select 'unbalanced: all balances sum to ' || sum(balance) from accounts having sum(balance) <> 0
    union all
    select 'unbalanced: account ' || a.id || ' has ' || a.balance || ', its entries sum to ' || coalesce(sum(e.amount), 0)
      from accounts a left join entries e on e.account_id = a.id
      group by a.id having a.balance <> coalesce(sum(e.amount), 0)
    union all
    select 'unbalanced: transfer ' || t.id || ' has ' || count(e) || ' entries'
      from transfers t left join entries e on e.transfer_id = t.id
      group by t.id having count(e) <> 2`)
  return rows.map(({ what }) => what)
}

async function leaks(database: pg.Client): Promise<readonly string[]> {
  const { rows } = await database.query<{ what: string }>(`
    select 'leaked: a transaction of backend ' || pid || ' is open since ' || xact_start as what
      from pg_stat_activity where datname = current_database() and application_name like 'holdfast%' and state like 'idle in%'
    union all
    select 'leaked: backend ' || pid || ' holds an advisory lock' from pg_locks
      where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())`)
  return rows.map(({ what }) => what)
}
