/**
 * Returns SQL that sets `transaction_timeout` to a parameter, in milliseconds as text: Postgres
 * then ends the session if the transaction takes longer, in any state. No other limit covers a
 * client that disappears while sending a message: its transaction neither runs a statement nor is
 * idle. Requires Postgres 17; older servers ignore it.
 */
export function limitTransaction(parameter: string): string {
  return `case when current_setting('server_version_num')::int >= 170000 then set_config('transaction_timeout', ${parameter}, true) end`
}
