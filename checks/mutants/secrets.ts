import type { Mutant } from './mutant.ts'

const room = 'packages/holdfast/src/platform/secret-keys'
const keysTest = `${room}/secret-keys.test.ts`
const openTest = `${room}/open-secret-keys.test.ts`

/** Mutants of the secret keys, and of what is sealed with them. */
export const secretMutants: readonly Mutant[] = [
  {
    name: 'secret keys: the key material is not used',
    file: `${room}/secret-keys.ts`,
    text: 'Buffer.concat([base, Buffer.from(keyMaterial)])',
    replacement: 'Buffer.concat([base, Buffer.from(keyMaterial.slice(0, 0))])',
    killedBy: [{ file: keysTest, name: 'does not open with a different' }],
    why: 'The secret keys alone would open all sealed answers.',
  },
  {
    name: 'secret keys: the context is not authenticated',
    file: `${room}/secret-keys.ts`,
    text: 'JSON.stringify([purpose, ...context])',
    replacement: 'JSON.stringify([purpose, ...context].slice(0, 1))',
    killedBy: [{ file: keysTest, name: 'does not open with a different' }],
    why: 'Someone who can write to the database could move sealed data to another row.',
  },
  {
    name: 'secret keys: only the first key opens',
    file: `${room}/secret-keys.ts`,
    text: 'key.id.equals(id) ? [index] : []',
    replacement: 'key.id.equals(id) && index === 0 ? [index] : []',
    killedBy: [{ file: keysTest, name: 'each key opens' }],
    why: 'A rotation would lose all sealed data.',
  },
  {
    name: 'secret keys: a short key is accepted',
    file: `${room}/secret-key-settings.ts`,
    text: 'key.length >= minBytes',
    replacement: 'key.length >= minDifferentBytes',
    killedBy: [{ file: openTest, name: 'is refused in every mode' }],
    why: 'A key that can be guessed protects nothing.',
  },
  {
    name: 'secret keys: a repetitive key is accepted',
    file: `${room}/secret-key-settings.ts`,
    text: 'new Set(key).size >= minDifferentBytes',
    replacement: 'new Set(key).size >= 1',
    killedBy: [{ file: openTest, name: 'is refused in every mode' }],
    why: 'A placeholder would be used as a key.',
  },
  {
    name: 'secret keys: production uses the key of tests',
    file: `${room}/open-secret-keys.ts`,
    text: "if (mode === 'production') throw keysMissing(neededBy)",
    replacement: "if (mode === 'production') mode = 'test'",
    killedBy: [{ file: openTest, name: 'does not start without them' }],
    why: 'The key of tests is public.',
  },
  {
    name: 'secret keys: everyone on the machine can read the file of development',
    file: `${room}/open-secret-keys.ts`,
    text: 'mode: 0o600',
    replacement: 'mode: 0o644',
    killedBy: [{ file: openTest, name: 'a file with a key is created' }],
    why: 'Other users of the machine could open sealed data.',
  },
]
