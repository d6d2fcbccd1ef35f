import { hash } from 'node:crypto'
import { uuidFromHex } from '../../../kernel/base/uuid.ts'
import { calls, type StatementCalls } from './statement-call.fixture.ts'

const idOf = (text: string): string => uuidFromHex(hash('md5', text))
const id = idOf('1')
const fresh = idOf('fresh')
const service = 'plans'
const tokenHash = hash('sha256', id, 'buffer')

/** Calls of the statements of accounts. */
export const accountStatementCalls: Readonly<Record<string, Readonly<Record<string, StatementCalls>>>> = {
  'identity/accounts/queries/accounts.ts': {
    upsertAccount: calls([{ id: fresh, service, email: 'a1', email_key: 'a1', password_hash: 'h' }]),
    findByEmail: calls([service, 'a1']),
    findById: calls([service, id]),
    changeAccount: calls([{ id, verifiedHash: 'h', hash: 'h', verifiesEmail: true }]),
    resetAccount: calls([id, 'h']),
    lockAccount: calls([id]),
    findAddress: calls([id]),
  },
  'identity/accounts/queries/failures.ts': {
    readFailures: calls([[tokenHash]]),
    countFailures: calls([[tokenHash], 1_000]),
    forgetFailures: calls([tokenHash]),
    deleteEndedFailures: calls([10]),
  },
  'identity/accounts/queries/pending-sign-ins.ts': {
    insertPendingSignIn: calls([{ account: id, tokenHash: hash('sha256', fresh, 'buffer'), ttlMs: 1_000 }]),
    findPendingSignIn: calls([service, tokenHash, 5]),
    countPendingAttempt: calls([tokenHash, 5]),
    deletePendingSignIn: calls([tokenHash]),
    deleteExpiredSignIns: calls([10]),
  },
  'identity/passkeys/queries/passkeys.ts': {
    insertPasskey: calls([
      {
        id: fresh,
        account: id,
        service,
        credential_id: fresh,
        publicKey: tokenHash,
        counter: 0,
        transports: [],
        name: '',
        backed_up: false,
        limit: 20,
      },
    ]),
    selectPasskeys: calls([id]),
    findPasskey: calls([service, 'c1']),
    notePasskeyUse: calls([{ id, counter: 1, backedUp: false }]),
    renamePasskey: calls([id, id, 'a']),
    deletePasskey: calls([id, id]),
  },
  'identity/second-factor/queries/authenticators.ts': {
    insertAuthenticator: calls([id, tokenHash]),
    lockAuthenticator: calls([id]),
    acceptStep: calls([id, 1, tokenHash]),
    deleteAuthenticator: calls([id]),
    replaceRecoveryCodes: calls([id, [hash('sha256', fresh, 'buffer')]]),
    takeRecoveryCode: calls([id, tokenHash]),
    readSecondFactor: calls([id]),
  },
  'identity/accounts/queries/tokens.ts': {
    insertToken: calls([
      {
        account: id,
        tokenHash: hash('sha256', fresh, 'buffer'),
        purpose: 'reset',
        ttlMs: 1_000,
        job: fresh,
        limit: 5,
      },
    ]),
    findToken: calls([service, 'reset', tokenHash]),
    takeToken: calls(['reset', tokenHash]),
    expireTokens: calls([id]),
    deleteExpiredTokens: calls([10]),
  },
}
