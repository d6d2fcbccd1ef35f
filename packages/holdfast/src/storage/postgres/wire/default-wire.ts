import type { WireName } from './wire.ts'

/** The default implementation of the protocol for a pool's statements. */
export const defaultWire: WireName = 'pg'
