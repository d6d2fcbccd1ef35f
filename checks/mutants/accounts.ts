import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'

const passwords = `${src}/identity/passwords/passwords.ts`
const passwordsTest = `${src}/identity/passwords/passwords.test.ts`
const argon2id = `${src}/identity/passwords/argon2id.ts`
const argon2idTest = `${src}/identity/passwords/argon2id.test.ts`
const queue = `${src}/identity/passwords/bounded-queue.ts`

const session = `${src}/identity/sessions/sessions.ts`
const sessionQueries = `${src}/identity/sessions/queries/sessions.ts`
const sessionIdentifier = `${src}/identity/sessions/session-identifier.ts`
const sessionToken = `${src}/identity/sessions/session-token.ts`
const sessionsTest = `${src}/identity/sessions/sessions.postgres.test.ts`

const accounts = `${src}/identity/accounts`
const accountsTest = `${accounts}/accounts.postgres.test.ts`
const attacksTest = `${accounts}/attacks.postgres.test.ts`

const passkeys = `${src}/identity/passkeys`
const passkeysTest = `${passkeys}/passkeys.postgres.test.ts`
const secondFactor = `${src}/identity/second-factor`
const secondFactorTest = `${secondFactor}/second-factor.postgres.test.ts`

/** Mutants of accounts: passwords, sessions, and the operations for them. */
export const accountMutants: readonly Mutant[] = [
  {
    name: 'run: a problem that is not final keeps the writes',
    file: `${src}/kernel/call/stages/run.ts`,
    text: 'if (failure !== problem || !isFinal(problem)) throw failure',
    replacement: 'if (failure !== problem) throw failure',
    killedBy: [
      {
        file: `${src}/effects/idempotency/safe-mutation.postgres.test.ts`,
        name: 'a problem that is not final undoes the writes',
      },
    ],
    why: 'The problem would be stored as the final answer, although a retry may succeed.',
  },
  {
    name: 'accounts: a flood of sign-ins is refused after its statements',
    file: `${accounts}/visitor.ts`,
    text: 'passwords?.refusal() ?? ',
    replacement: 'undefined ?? ',
    killedBy: [{ file: `${accounts}/flood.postgres.test.ts`, name: 'before they run a statement' }],
    why: 'Calls that are refused anyway would take the connections of all other calls.',
  },
  {
    name: 'passwords: an unknown account is answered without a hash',
    file: passwords,
    text: 'const normal = normalized(password)\n    // A new',
    replacement:
      'if (stored === undefined) return { matches: false, rehashed: undefined }\n    const normal = normalized(password)\n    // A new',
    killedBy: [{ file: passwordsTest, name: 'an unknown account costs one verification' }],
    why: 'The time of a sign-in would show which addresses have accounts.',
  },
  {
    name: 'passwords: the hash that stands for unknown accounts matches',
    file: passwords,
    text: 'if (!matches || stored === undefined || stored === null)',
    replacement: 'if (!matches && stored !== undefined && stored !== null)',
    killedBy: [{ file: passwordsTest, name: 'an unknown account costs one verification' }],
    why: 'A client could sign in to an account that does not exist.',
  },
  {
    name: 'passwords: a breached password is accepted',
    file: passwords,
    text: "if ((await this.#isBreached?.(normal, { signal })) === true) throw this.#refuse('breached')",
    replacement: '',
    killedBy: [{ file: passwordsTest, name: 'a breached password is refused' }],
    why: 'Attackers try breached passwords first.',
  },
  {
    name: 'passwords: Unicode forms differ',
    file: passwords,
    text: "return password.normalize('NFC')",
    replacement: 'return password',
    killedBy: [{ file: passwordsTest, name: 'another Unicode form' }],
    why: 'The owner of an account could not sign in from another keyboard.',
  },
  {
    name: 'passwords: any number of hashes waits',
    file: queue,
    text: 'if (this.isFull) throw refuse()',
    replacement: '',
    killedBy: [{ file: passwordsTest, name: 'beyond the limits' }],
    why: 'A flood of sign-ins would exhaust the memory, and calls would reach their deadlines.',
  },
  {
    name: 'passwords: an aborted call keeps its place',
    file: queue,
    text: '        this.#waiting.delete(waiting)\n        reject',
    replacement: '        reject',
    killedBy: [{ file: passwordsTest, name: 'frees its place' }],
    why: 'Aborted sign-ins would keep the queue full.',
  },
  {
    name: 'passwords: a stored hash may ask for any memory',
    file: argon2id,
    text: 'hash.memoryKiB <= maxima.memoryKiB &&',
    replacement: '',
    killedBy: [{ file: argon2idTest, name: 'too much memory is refused' }],
    why: 'A forged hash would exhaust the memory of the process.',
  },
  {
    name: 'sessions: the token is stored as it is',
    file: sessionToken,
    text: "return hash('sha256', token, 'buffer')",
    replacement: "return Buffer.from(token, 'base64url')",
    killedBy: [{ file: sessionsTest, name: 'the database has only the hash of its token' }],
    why: 'A copy of the database would contain every session.',
  },
  {
    name: 'sessions: an idle session does not end',
    file: sessionQueries,
    text: "least(expires_at, seen_at + $3 * interval '1 millisecond') > now()",
    replacement: 'expires_at > now() and $3 > 0',
    killedBy: [{ file: sessionsTest, name: 'idle for the idle age' }],
    why: 'A forgotten session would stay open.',
  },
  {
    name: 'sessions: a used session does not end',
    file: sessionQueries,
    text: 'least(expires_at, seen_at + $3',
    replacement: 'least(seen_at + $3',
    killedBy: [{ file: sessionsTest, name: 'older than the max age' }],
    why: 'A stolen session could be kept open forever.',
  },
  {
    name: 'sessions: a session is valid in every service',
    file: sessionQueries,
    text: 'where token_hash = $1 and service = $2 and',
    replacement: 'where token_hash = $1 and $2::text is not null and',
    killedBy: [{ file: sessionsTest, name: 'worthless in another service' }],
    why: 'Users of one service would be users of another one with the same ids.',
  },
  {
    name: 'sessions: a sign-in keeps the session that it replaces',
    file: session,
    text: 'replaces: replaces ?? null,',
    replacement: 'replaces: null,',
    killedBy: [{ file: sessionsTest, name: 'session fixation' }],
    why: 'A token that was stolen before the sign-in would stay valid.',
  },
  {
    name: 'sessions: the number of sessions of a user is not limited',
    file: sessionQueries,
    text: 'offset $9::int - 1',
    replacement: 'offset $9::int + 1000',
    killedBy: [{ file: sessionsTest, name: 'beyond the limit' }],
    why: 'A client that signs in in a loop would fill the table.',
  },
  {
    name: 'sessions: a user ends sessions of others',
    file: sessionQueries,
    text: "'delete from holdfast.sessions where service = $1 and account = $2 and id = $3'",
    replacement: "'delete from holdfast.sessions where service = $1 and $2::text is not null and id = $3'",
    killedBy: [{ file: sessionsTest, name: 'only their own sessions' }],
    why: 'Ids of sessions are not secret.',
  },
  {
    name: 'sessions: any cookie is looked up',
    file: sessionIdentifier,
    text: 'if (token !== undefined && !isToken(token)) throw ended()',
    replacement: '',
    killedBy: [{ file: sessionsTest, name: 'refused without a statement' }],
    why: 'Clients with made-up cookies would load the database.',
  },
  {
    name: 'accounts: a failed sign-in is not counted',
    file: `${accounts}/sign-in.ts`,
    text: 'return keepWrites(CredentialsInvalid())',
    replacement: 'throw CredentialsInvalid()',
    killedBy: [{ file: attacksTest, name: 'the right password is refused, without a hash' }],
    why: 'The count would be undone with the transaction, and passwords could be guessed.',
  },
  {
    name: 'accounts: the limit is not checked again in the transaction',
    file: `${accounts}/sign-in.ts`,
    text: 'await limit.check(transaction, attempt)',
    replacement: '',
    killedBy: [{ file: attacksTest, name: 'if the limit was reached while it was hashed' }],
    why: 'Guesses at the same time would pass the limit together.',
  },
  {
    name: 'accounts: a sign-up replaces the password of a verified account',
    file: `${accounts}/queries/accounts.ts`,
    text: 'case when account.verified_at is null then',
    replacement: 'case when true then',
    killedBy: [{ file: attacksTest, name: 'a sign-up with a known address' }],
    why: 'Each account could be taken over by a sign-up.',
  },
  {
    name: 'accounts: a reset keeps the sessions',
    file: `${accounts}/change-password.ts`,
    text: 'await sessions.endAll(transaction, { user: taken.account_id })',
    replacement: '',
    killedBy: [{ file: accountsTest, name: 'a reset sets the password' }],
    why: 'The sessions of an attacker would survive the reset.',
  },
  {
    name: 'accounts: each attempt to send a mail counts as a mail',
    file: `${accounts}/queries/tokens.ts`,
    text: ' and job_id <> $6',
    replacement: ' and $6::uuid is not null',
    killedBy: [{ file: accountsTest, name: 'a mail that cannot be sent' }],
    why: 'A mail server that is down for some attempts would use up the limit, and the mail would be lost.',
  },
  {
    name: 'accounts: an address of IPv6 is a client',
    file: `${accounts}/attempt-limit.ts`,
    text: 'parsed.parts.slice(0, 4)',
    replacement: 'parsed.parts',
    killedBy: [{ file: attacksTest, name: 'a client with many addresses' }],
    why: 'A client with IPv6 has as many addresses as it likes.',
  },
  {
    name: 'second factor: a sign-in with a password skips it',
    file: `${accounts}/complete-sign-in.ts`,
    text: "if (factors === 'one') {",
    replacement: "if (factors !== 'one') {",
    killedBy: [{ file: secondFactorTest, name: 'with an authenticator app, a sign-in needs a code' }],
    why: 'A password would be enough for every account.',
  },
  {
    name: 'second factor: a code is accepted twice',
    file: `${secondFactor}/one-time-code.ts`,
    text: 'step > lastStep &&',
    replacement: '',
    killedBy: [{ file: secondFactorTest, name: 'each code is accepted once, in any sign-in' }],
    why: 'A code that is seen over a shoulder could be used again.',
  },
  {
    name: 'second factor: codes of one sign-in are not limited',
    file: `${accounts}/queries/pending-sign-ins.ts`,
    text: 'set attempts = attempts + 1',
    replacement: 'set attempts = attempts',
    killedBy: [{ file: secondFactorTest, name: 'a sign-in has five codes' }],
    why: 'Codes could be guessed until the sign-in expires.',
  },
  {
    name: 'second factor: wrong codes are not counted',
    file: `${secondFactor}/second-factor-sign-in.ts`,
    text: 'return keepWrites(SecondFactorInvalid())',
    replacement: 'throw SecondFactorInvalid()',
    killedBy: [{ file: secondFactorTest, name: 'a sign-in has five codes' }],
    why: 'The count would be undone with the transaction, and codes could be guessed.',
  },
  {
    name: 'second factor: a secret is not bound to its account',
    file: `${secondFactor}/verify-code.ts`,
    text: 'context: [service, account]',
    replacement: 'context: []',
    killedBy: [{ file: secondFactorTest, name: 'a secret that is moved to the row of another account' }],
    why: 'A person who can write the table could copy their own secret to the account of another person.',
  },
  {
    name: 'passkeys: a challenge is accepted twice',
    file: `${passkeys}/challenge.ts`,
    text: 'return row !== undefined',
    replacement: 'return row !== null',
    killedBy: [{ file: passkeysTest, name: 'with a challenge that was used' }],
    why: 'A recorded response could be sent again.',
  },
  {
    name: 'passkeys: a challenge of a registration signs in',
    file: `${passkeys}/challenge.ts`,
    text: '.update(head).update(JSON.stringify(bound))',
    replacement: '.update(head)',
    killedBy: [{ file: passkeysTest, name: 'belongs to a registration' }],
    why: 'A challenge of one use would be accepted for another one, or in another session.',
  },
  {
    name: 'passkeys: the counter may go back',
    file: `${passkeys}/queries/passkeys.ts`,
    text: 'and (counter < $2 or (counter = 0 and $2 = 0))',
    replacement: '',
    killedBy: [{ file: passkeysTest, name: 'with a counter that went back' }],
    why: 'A copied passkey would stay unnoticed.',
  },
  {
    name: 'passkeys: the user handle is not compared',
    file: `${passkeys}/sign-in-with-passkey.ts`,
    text: 'if (userHandle !== userHandleOf(row.account_id))',
    replacement: 'if (userHandle === null)',
    killedBy: [{ file: passkeysTest, name: 'with the user handle of another account' }],
    why: 'The authenticator and the database could disagree about the account.',
  },
  {
    name: 'passkeys: the person need not be verified',
    file: `${passkeys}/sign-in-with-passkey.ts`,
    text: 'requireUserVerification: true',
    replacement: 'requireUserVerification: false',
    killedBy: [{ file: passkeysTest, name: 'without verification of the person' }],
    why: 'A stolen security key would be enough, and no second factor is asked for.',
  },
]
