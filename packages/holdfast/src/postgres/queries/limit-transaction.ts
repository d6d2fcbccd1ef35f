/**
 * SQL that has Postgres end the session where the transaction takes longer than a parameter says, in milliseconds as text, whatever it is
 * doing. A client that vanishes in the middle of what it sends leaves a transaction that no other limit is for: it neither runs a
 * statement nor is it idle. Postgres has this from version 17 on.
 */
export function limitTransaction(parameter: string): string {
  return `case when current_setting('server_version_num')::int >= 170000 then set_config('transaction_timeout', ${parameter}, true) end`
}
