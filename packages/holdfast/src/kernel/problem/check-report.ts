import type { JsonSchema } from '../schema/json-schema.ts'

/** The result of one of a service's checks. */
export interface CheckReport {
  readonly status: 'pass' | 'fail'
  /** True if the check has to pass for the service to be ready. */
  readonly required: boolean
  /** The duration of the check, in milliseconds. */
  readonly durationMs: number
  /** The error; absent if the check passed. */
  readonly error?: string
}

/** The results of a service's checks, by name. */
export type CheckReports = Readonly<Record<string, CheckReport>>

/** The JSON Schema of {@link CheckReports}. */
export const checkReportsSchema: JsonSchema = {
  type: 'object',
  description: 'Result of each check, by name. Only present if the service allows the caller to see it.',
  additionalProperties: {
    type: 'object',
    properties: {
      status: { type: 'string', enum: ['pass', 'fail'] },
      required: { type: 'boolean' },
      durationMs: { type: 'number' },
      error: { type: 'string' },
    },
    required: ['status', 'required', 'durationMs'],
  },
}
