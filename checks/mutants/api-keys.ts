import type { Mutant } from './mutant.ts'

const room = 'packages/holdfast/src/identity/api-keys'
const test = `${room}/api-keys.postgres.test.ts`

/** Mutants of API keys. */
export const apiKeyMutants: readonly Mutant[] = [
  {
    name: 'api keys: revoked keys are accepted',
    file: `${room}/api-key-identifier.ts`,
    text: "if (row.is_revoked) throw Unauthenticated({ detail: 'The API key was revoked.' })",
    replacement: '',
    killedBy: [{ file: test, name: 'a revoked key is refused' }],
    why: 'A leaked key could not be stopped.',
  },
  {
    name: 'api keys: expired keys are accepted',
    file: `${room}/api-key-identifier.ts`,
    text: "if (row.is_expired) throw Unauthenticated({ detail: 'The API key has expired.' })",
    replacement: '',
    killedBy: [{ file: test, name: 'an expired key is refused' }],
    why: 'Keys would live forever, and an old key would survive its rotation.',
  },
  {
    name: 'api keys: the checksum is not verified',
    file: `${room}/api-key-text.ts`,
    text: 'return checksumOf(checked) === text.slice(-checksumLength)',
    replacement: 'return checked.length > 0',
    killedBy: [{ file: test, name: 'a mistyped key is refused without a statement' }],
    why: 'Each mistyped key would cost a statement.',
  },
  {
    name: 'api keys: keys of other services are accepted',
    file: `${room}/queries/api-keys.ts`,
    text: 'where hash = $2 and service = $1`',
    replacement: 'where hash = $2 and $1::text is not null`',
    killedBy: [{ file: test, name: 'a key of another service on the same database is refused' }],
    why: 'A key of one service would open all services on its database.',
  },
  {
    name: 'api keys: any caller can change a key',
    file: `${room}/queries/api-keys.ts`,
    text: "and kind = $3 and caller = $4 and tenant is not distinct from $5'",
    replacement: "and concat($3::text, $4::text, $5::text) is not null'",
    killedBy: [{ file: test, name: 'does not find them' }],
    why: 'A tenant could revoke and take over the keys of another.',
  },
  {
    name: 'api keys: a rotation extends the life of a key',
    file: `${room}/queries/api-keys.ts`,
    text: "least(expires_at, now() + $6::float8 * interval '1 millisecond')",
    replacement: "now() + $6::float8 * interval '1 millisecond'",
    killedBy: [{ file: test, name: 'a rotation never lets a key live longer' }],
    why: 'A key that is about to expire could be kept alive with a long overlap.',
  },
]
