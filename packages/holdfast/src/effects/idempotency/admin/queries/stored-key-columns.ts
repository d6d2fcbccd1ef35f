/**
 * A condition that holds for keys whose answer is sealed. Not for erased keys, which have no
 * fingerprint.
 */
export const isSealedKey = `(fingerprint = '\\x02')`
