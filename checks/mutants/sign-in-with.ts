import type { Mutant } from './mutant.ts'

const oidc = 'packages/holdfast/src/identity/oidc'
const flowTest = `${oidc}/sign-in-with.postgres.test.ts`
const attacksTest = `${oidc}/attacks.postgres.test.ts`
const lyingTest = `${oidc}/lying-provider.postgres.test.ts`
const metadataTest = `${oidc}/provider-metadata.test.ts`

/** Mutants of sign-in with providers. */
export const signInWithMutants: readonly Mutant[] = [
  {
    name: 'sign-in-with: a response is accepted from every browser',
    file: `${oidc}/queries/begun-sign-ins.ts`,
    text: 'and browser_hash = $3 and provider = $4',
    replacement: 'and $3::bytea is not null and provider = $4',
    killedBy: [{ file: attacksTest, name: 'of another browser is refused' }],
    why: 'Only PKCE would keep a victim from completing the sign-in of an attacker.',
  },
  {
    name: 'sign-in-with: a response is accepted on the page of another provider',
    file: `${oidc}/queries/begun-sign-ins.ts`,
    text: 'and browser_hash = $3 and provider = $4',
    replacement: 'and browser_hash = $3 and $4::text is not null',
    killedBy: [{ file: lyingTest, name: 'on the page of another provider exchanges no code' }],
    why: 'A malicious provider could receive the codes of another one.',
  },
  {
    name: 'sign-in-with: the signature of ID tokens is not verified',
    file: `${oidc}/provider-client.ts`,
    text: 'client.enableNonRepudiationChecks(configuration)',
    replacement: '',
    killedBy: [{ file: lyingTest, name: 'that is signed with another key of the same id' }],
    why: 'Only TLS would protect the ID token.',
  },
  {
    name: 'sign-in-with: ID tokens may have any algorithm of the metadata',
    file: `${oidc}/provider-client.ts`,
    text: 'id_token_signing_alg_values_supported: allowed }',
    replacement: 'id_token_signing_alg_values_supported: supported }',
    killedBy: [{ file: `${oidc}/lying-provider.postgres.test.ts`, name: 'algorithm that is not allowed' }],
    why: 'A provider that lists weak algorithms would be believed.',
  },
  {
    name: 'sign-in-with: an old sign-in at the provider is accepted',
    file: `${oidc}/provider-client.ts`,
    text: '...(maxAge === undefined ? {} : { maxAge: maxAge + Math.ceil(elapsedSeconds) }),',
    replacement: '',
    killedBy: [{ file: lyingTest, name: 'entered their credentials too long ago' }],
    why: 'The option maxAge would be a request that the provider may ignore.',
  },
  {
    name: 'sign-in-with: an address that is not verified is trusted',
    file: `${oidc}/provider-identity.ts`,
    text: 'given !== undefined && isVerified && ownsEmail',
    replacement: 'given !== undefined && (isVerified || true) && ownsEmail',
    killedBy: [{ file: attacksTest, name: 'is not linked if it is not verified' }],
    why: 'A person could enter the address of a victim at the provider, and get the account.',
  },
  {
    name: 'sign-in-with: an unverified account is kept',
    file: `${oidc}/find-or-create-account.ts`,
    text: 'if (existing?.is_verified === true) {',
    replacement: 'if (existing) {',
    killedBy: [{ file: attacksTest, name: 'a password that an attacker set before' }],
    why: 'The password of an attacker would open the account that the owner signs in to.',
  },
  {
    name: 'sign-in-with: the token of a mail verifies every identity',
    file: `${oidc}/queries/unverified-identities.ts`,
    text: 'where token_hash = $5 and service = $1 and issuer = $2 and subject = $3 and email_key = $4',
    replacement:
      'where token_hash = $5 and service = $1 and issuer = $2 and $3::text is not null and email_key = $4',
    killedBy: [{ file: attacksTest, name: 'an identity with the address of another gets no account' }],
    why: 'A person would be signed in to an account that another identity has begun.',
  },
  {
    name: 'sign-in-with: a further attempt to send a mail ends the link of the first',
    file: `${oidc}/queries/unverified-identities.ts`,
    text: 'token_hash = coalesce(token_hash, $2)',
    replacement: 'token_hash = $2',
    killedBy: [{ file: flowTest, name: 'is verified by the first mail' }],
    why: 'A mail that was sent although the attempt failed would contain a dead link.',
  },
  {
    name: 'sign-in-with: a verified account is linked without the option',
    file: `${oidc}/find-or-create-account.ts`,
    text: 'if (!provider.linkVerifiedEmails || !identity.ownsEmail) throw AccountNotLinked()',
    replacement: 'if (!identity.ownsEmail) throw AccountNotLinked()',
    killedBy: [{ file: flowTest, name: 'adds a provider to an account' }],
    why: 'Each provider could sign in to every account.',
  },
  {
    name: 'sign-in-with: a linking is completed by another session',
    file: `${oidc}/complete-link.ts`,
    text: 'if (!isSameSession) throw SignInNotBegun()',
    replacement: '',
    killedBy: [{ file: attacksTest, name: 'only by the session that has begun it' }],
    why: 'The identity of an attacker could be linked to the account of another user.',
  },
  {
    name: 'sign-in-with: the last way to sign in can be removed by two calls',
    file: `${oidc}/linked-providers.ts`,
    text: 'await runStatement(transaction, lockAccount(caller.id))',
    replacement: '',
    killedBy: [{ file: flowTest, name: 'the last way to sign in cannot be unlinked' }],
    why: 'A user would lose the account.',
  },
  {
    name: 'sign-in-with: a path may lead to another site',
    file: `${oidc}/return-paths.ts`,
    text: "|| url.pathname.startsWith('//')",
    replacement: '',
    killedBy: [{ file: `${oidc}/return-paths.test.ts`, name: 'no path to another site' }],
    why: 'The service could be used to send people to a fraudulent site.',
  },
  {
    name: 'sign-in-with: the metadata of another issuer is used',
    file: `${oidc}/provider-metadata.ts`,
    text: "if (metadata['issuer'] !== issuer)",
    replacement: 'if (!issuer)',
    killedBy: [{ file: metadataTest, name: 'metadata with another issuer is refused' }],
    why: 'A document on the same host could name the endpoints of an attacker.',
  },
]
