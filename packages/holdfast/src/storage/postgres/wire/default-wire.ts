import type { WireName } from './wire.ts'

/** The implementation of the protocol for the statements of a pool, by default. */
export const defaultWire: WireName = 'pg'
