import type { JsonSchema } from './json-schema.ts'

/** What a check of a service came to. */
export interface CheckReport {
  readonly status: 'pass' | 'fail'
  /** Whether the service is not ready without it. */
  readonly required: boolean
  /** How long it took, in milliseconds. */
  readonly durationMs: number
  /** What is wrong; absent where nothing is. */
  readonly error?: string
}

/** What the checks of a service came to, by their names. */
export type CheckReports = Readonly<Record<string, CheckReport>>

/** {@link CheckReports} in JSON Schema. */
export const checkReportsSchema: JsonSchema = {
  type: 'object',
  description: 'What each check came to, by its name; only for whom the service lets see it.',
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
