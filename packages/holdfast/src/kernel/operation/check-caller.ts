import type { Caller } from './caller.ts'
import { HoldfastError } from '../base/holdfast-error.ts'

/**
 * Throws if `identify` or an access rule returned an invalid caller. Without this check, malformed
 * callers would share one scope, and could see each other's private records. `source` describes the
 * origin of the value, for the message.
 *
 * @throws HoldfastError `caller-invalid`.
 */
export function checkCaller(value: unknown, source: string): asserts value is Caller {
  if (typeof value !== 'object' || value === null) throw callerInvalid(source, `is ${typeof value}`)
  const { kind, id, tenant, scopes, authenticatedAt } = value as Partial<Record<keyof Caller, unknown>>
  if (typeof kind !== 'string') throw callerInvalid(source, '"kind" must be a string')
  if (!isTextOrAbsent(id)) throw callerInvalid(source, '"id" must be a string')
  if (!isTextOrAbsent(tenant)) throw callerInvalid(source, '"tenant" must be a string')
  if (!isListOfTexts(scopes)) throw callerInvalid(source, '"scopes" must be a list of strings')
  if (!isTimeOrAbsent(authenticatedAt)) throw callerInvalid(source, '"authenticatedAt" must be a valid Date')
  // Postgres reports an unset setting as an empty text.
  if (tenant === '') throw callerInvalid(source, '"tenant" is empty')
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function isListOfTexts(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((each) => typeof each === 'string'))
}

function isTimeOrAbsent(value: unknown): boolean {
  return value === undefined || (value instanceof Date && !Number.isNaN(value.getTime()))
}

function callerInvalid(source: string, what: string): HoldfastError {
  return new HoldfastError(
    'caller-invalid',
    `${source} returned an invalid caller: ${what}. A caller is { kind, id, tenant, scopes, authenticatedAt }; only kind is required.`,
  )
}
