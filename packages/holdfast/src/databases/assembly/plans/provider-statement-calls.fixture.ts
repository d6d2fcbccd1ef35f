import { hash } from 'node:crypto'
import { uuidFromHex } from '../../../kernel/base/uuid.ts'
import { calls, type StatementCalls } from './statement-call.fixture.ts'

const idOf = (text: string): string => uuidFromHex(hash('md5', text))
const id = idOf('1')
const fresh = idOf('fresh')
const service = 'plans'
const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer')
const identity = { service, issuer: 'https://a.test', subject: 's1' }
const newIdentity = { ...identity, subject: 'fresh', provider: 'p', email: 'a1' }
const begun = { service, stateHash: sha256(id), browserHash: sha256(id), provider: 'p' }

/** Calls of the statements of sign-in with providers. */
export const providerStatementCalls: Readonly<Record<string, Readonly<Record<string, StatementCalls>>>> = {
  'identity/oidc/queries/begun-sign-ins.ts': {
    insertBegun: calls([
      {
        ...begun,
        stateHash: sha256(fresh),
        returnTo: '/',
        link: undefined,
        reauthenticates: false,
        emailTokenHash: undefined,
        ttlMs: 1_000,
      },
    ]),
    findBegun: calls([begun]),
    takeBegun: calls([begun]),
    deleteExpiredBegun: calls([10]),
  },
  'identity/oidc/queries/linked-identities.ts': {
    useIdentity: calls([identity, 'a1']),
    insertIdentity: calls([{ ...newIdentity, id: fresh, account: id }]),
    listIdentities: calls([id]),
    deleteIdentity: calls([id, id]),
    readSignInMethods: calls([id]),
  },
  'identity/oidc/queries/provider-accounts.ts': {
    findAccountOfEmail: calls([service, 'a1']),
    deleteUnverifiedAccount: calls([id]),
    insertVerifiedAccount: calls([{ id: fresh, service, email: 'fresh', emailKey: 'fresh' }]),
  },
  'identity/oidc/queries/unverified-identities.ts': {
    insertUnverified: calls([{ ...newIdentity, id: fresh, email: 'a1', emailKey: 'a1', ttlMs: 1_000 }]),
    lockMails: calls([id]),
    mailUnverified: calls([{ id, tokenHash: sha256(fresh), limit: 5 }]),
    takeUnverified: calls([{ ...identity, emailKey: 'a1', tokenHash: sha256(id) }]),
    deleteExpiredUnverified: calls([10]),
  },
}
