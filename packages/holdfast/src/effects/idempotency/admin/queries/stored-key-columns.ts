/** A condition that holds if the answer of a key is sealed. An erased key has no fingerprint. */
export const isSealedKey = `(fingerprint = '\\x02')`
