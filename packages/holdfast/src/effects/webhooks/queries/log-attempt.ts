import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The result of one attempt. */
export interface LoggedAttempt {
  readonly attemptedAt: Date
  readonly durationMs: number
  /** Status of the answer; `null` if there was no answer. */
  readonly status: number | null
  /** The beginning of the answer's body. */
  readonly answer: string | null
  /** The reason why there was no answer; `null` if there was an answer. */
  readonly failure: { readonly code: string; readonly message: string } | null
}

/** Logs an attempt of a delivery, unless the delivery has been removed. */
export function logAttempt(delivery: string, attempted: LoggedAttempt): Statement {
  return {
    text: `
      insert into holdfast.webhook_attempts (delivery_id, attempted_at, duration_ms, status, answer, failure)
      select id, $2, $3, $4, $5, $6 from holdfast.webhook_deliveries where id = $1`,
    values: [
      delivery,
      attempted.attemptedAt,
      attempted.durationMs,
      attempted.status,
      attempted.answer,
      attempted.failure === null ? null : JSON.stringify(attempted.failure),
    ],
  }
}
