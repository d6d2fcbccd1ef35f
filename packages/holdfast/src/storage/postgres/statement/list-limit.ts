import type { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/** The default number of rows in an administrative list. */
export const defaultListed = 50

const maxListed = 1_000

/**
 * Creates the error for an invalid option of a list. `what` names the option and its value;
 * `wanted` describes a valid value.
 */
export interface InvalidOption {
  (what: string, wanted: string): HoldfastError
}

/** @throws The error of `invalid` unless the limit is an integer from 1 to the max. */
export function checkLimit(limit: number, invalid: InvalidOption, max: number = maxListed): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return limit
  throw invalid(`the limit ${limit}`, `an integer from 1 to ${max}`)
}
