import type { Mutant } from './mutant.ts'

const room = 'packages/holdfast/src/platform/secret-keys'
const keysTest = `${room}/secret-keys.test.ts`
const idempotency = 'packages/holdfast/src/effects/idempotency'
const sealedTest = `${idempotency}/sealed-answers.postgres.test.ts`
const unguessableTest = `${idempotency}/unguessable-key.test.ts`
const rotationTest = 'packages/holdfast/src/databases/assembly/rotation.postgres.test.ts'
const secretsTest = 'packages/holdfast/src/runtimes/node/settings/secrets.test.ts'
const vaultTest = 'packages/holdfast/src/platform/secrets/vault/vault.test.ts'
const openTest = `${room}/open-secret-keys.test.ts`

/** Mutants of the secret keys, and of the data sealed with them. */
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
    file: `${room}/keep-secret.ts`,
    text: 'mode: 0o600',
    replacement: 'mode: 0o644',
    killedBy: [{ file: openTest, name: 'a file with a key is created' }],
    why: 'Other users of the machine could open sealed data.',
  },
  {
    name: 'sealed answers: they are stored in plain text',
    file: `${idempotency}/stored-answer.ts`,
    text: '    ...seal?.seal(answer, headers, claim),\n',
    replacement: '',
    killedBy: [{ file: sealedTest, name: 'a copy of the database has neither' }],
    why: 'A copy of the database would be a list of sessions.',
  },
  {
    name: 'sealed answers: the key is stored',
    file: `${idempotency}/answer-seal.ts`,
    text: 'key: storedFormOfKey(claim.key),',
    replacement: 'key: claim.key,',
    killedBy: [{ file: sealedTest, name: 'a copy of the database has neither' }],
    why: 'The database and the secret keys would open all answers.',
  },
  {
    name: 'sealed answers: the key of the client is not needed',
    file: `${idempotency}/answer-seal.ts`,
    text: 'keyMaterial: key,',
    replacement: "keyMaterial: key === '' ? key : '',",
    killedBy: [{ file: sealedTest, name: 'do not open an answer' }],
    why: 'The database and the secret keys would open all answers.',
  },
  {
    name: 'sealed answers: the fingerprint of the request is stored',
    file: `${idempotency}/answer-seal.ts`,
    text: '      fingerprint: sealedMark,\n',
    replacement: '      fingerprint: Buffer.concat([sealedMark, claim.fingerprint]),\n',
    killedBy: [{ file: sealedTest, name: 'a copy of the database has neither' }],
    why: 'A plain hash of a sign-in confirms a guessed password.',
  },
  {
    name: 'sealed answers: cookies are not replayed',
    file: `${idempotency}/answer-seal.ts`,
    text: 'const { cookies = [], body, status } = answer',
    replacement: 'const { body, status } = answer\n    const cookies: string[] = []',
    killedBy: [{ file: sealedTest, name: 'a replay has the same bytes, headers and cookies' }],
    why: 'A sign-in whose reply is lost could not be retried.',
  },
  {
    name: 'sealed answers: any key is accepted',
    file: `${idempotency}/key-claim.ts`,
    text: '  if (isSealed) requireUnguessable(key, nowMs)\n',
    replacement: '',
    killedBy: [{ file: sealedTest, name: 'is refused' }],
    why: 'The hash of a key that can be guessed gives the key away.',
  },
  {
    name: 'sealed answers: a key may contain the time',
    file: `${idempotency}/unguessable-key.ts`,
    text: 'if (isRecentTime(random, nowMs))',
    replacement: 'if (isRecentTime(random, 0))',
    killedBy: [{ file: unguessableTest, name: 'a ULID is refused' }],
    why: 'A key with a known time has only 74 or 80 random bits.',
  },
  {
    name: 'sealed answers: a service without secret keys starts',
    file: `${idempotency}/safe-mutation.ts`,
    text: '  form.seal?.requireKeys(operation.name)\n',
    replacement: '',
    killedBy: [{ file: sealedTest, name: 'does not start without secret keys' }],
    why: 'The first sign-in would fail instead of the deploy.',
  },
  {
    name: 'secrets: a refused password is not renewed',
    file: 'packages/holdfast/src/storage/postgres/pool/pool.ts',
    text: 'isCredentialRefused(error) && urls.renew(connectionString, url)',
    replacement: '!isCredentialRefused(error) && urls.renew(connectionString, url)',
    killedBy: [{ file: rotationTest, name: 'passwords and keys change under load' }],
    why: 'Calls would fail between the change of a password and the next read of the secrets.',
  },
  {
    name: 'secrets: changed secret keys may lack the key in use',
    file: `${room}/secret-keys.ts`,
    text: 'secret.equals(inUse.secret)',
    replacement: 'secret.length > 0',
    killedBy: [{ file: rotationTest, name: 'passwords and keys change under load' }],
    why: 'A mistake in the secret manager would make all stored answers unreadable at once.',
  },
  {
    name: 'secrets: a malformed value replaces the old one',
    file: 'packages/holdfast/src/platform/settings/setting-reader.ts',
    text: 'if (issue !== undefined) throw configurationInvalid([issue])',
    replacement: "if (issue === '') throw configurationInvalid([issue])",
    killedBy: [{ file: secretsTest, name: 'a new secret is used without a restart' }],
    why: 'A mistake in the secret manager would break running processes.',
  },
  {
    name: 'secrets: a path that is denied signs in again',
    file: 'packages/holdfast/src/platform/secrets/vault/vault-token.ts',
    text: '!(await this.#isKnown(refused, signal))',
    replacement: '!(await this.#isKnown(refused, signal).then(() => false))',
    killedBy: [{ file: vaultTest, name: 'a path that is denied does not cause a new sign-in' }],
    why: 'Each read of a denied path would create a token, and replace all leased credentials.',
  },
  {
    name: 'secrets: migrations grant the rights to the current user of Vault',
    file: 'packages/holdfast/src/storage/roles/grant-to-application.ts',
    text: 'roles.groupRole ?? roleOf(roles.applicationUrl)',
    replacement: 'roleOf(roles.applicationUrl)',
    killedBy: [{ file: rotationTest, name: 'users that Vault creates serve all calls' }],
    why: 'The next user would have no rights, and Vault could not drop the first.',
  },
]
