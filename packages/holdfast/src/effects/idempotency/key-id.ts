import { hash } from 'node:crypto'
import { uuidFromHex } from '../../kernel/base/uuid.ts'

/** Returns the identity of a key: 128 bits of a SHA-256 over service, scope and key, as a UUID. */
export function keyIdOf(service: string, scope: string, key: string): string {
  return uuidFromHex(hash('sha256', JSON.stringify([service, scope, key]), 'hex'))
}

/**
 * Returns the advisory lock of a key: the first 64 bits of its identity, as a signed `bigint` in
 * decimal.
 */
export function lockIdOf(id: string): string {
  return BigInt.asIntN(64, BigInt(`0x${id.slice(0, 8)}${id.slice(9, 13)}${id.slice(14, 18)}`)).toString()
}
