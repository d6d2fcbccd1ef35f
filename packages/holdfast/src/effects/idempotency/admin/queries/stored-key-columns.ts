/**
 * A condition that holds for keys whose answer is sealed. It does not hold for erased keys, which
 * have no fingerprint.
 */
export const isSealedKey = `(fingerprint = '\\x02')`
