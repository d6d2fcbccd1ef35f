import { hash } from 'node:crypto'
import { uuidFromHex } from '../../../kernel/base/uuid.ts'
import { call, calls, type StatementCalls } from './statement-call.fixture.ts'

const idOf = (text: string): string => uuidFromHex(hash('md5', text))
const id = idOf('1')
const ids = Array.from({ length: 10 }, (_, n) => idOf(`${n + 1}`))
const fresh = idOf('fresh')
const service = 'plans'
const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer')
const caller = { service, kind: 'service', caller: 'a1', tenant: null }

/** Calls of the statements about callers, with rows that hostile-tables.fixture.ts inserts. */
export const identityCalls: Readonly<Record<string, Readonly<Record<string, StatementCalls>>>> = {
  'identity/api-keys/queries/api-keys.ts': {
    insertApiKey: calls([
      {
        ...caller,
        id: fresh,
        hash: sha256(fresh),
        start: 'hf_live_',
        name: '',
        scopes: [],
        lifetimeMs: null,
      },
    ]),
    readApiKey: calls([service, sha256(id)]),
    revokeApiKey: calls([{ ...caller, id }]),
    readOwnedKey: calls([{ ...caller, id }]),
    expireApiKey: calls([{ ...caller, id }, 1_000]),
    recordKeyUse: calls([ids]),
    apiKeyRows: [call([caller], { within: 'select * from ($) as listed order by seq limit 10' })],
  },
  'identity/sessions/queries/sessions.ts': {
    findSession: calls([service, { tokenHash: sha256(id), idleMs: 1_000 }]),
    insertSession: calls([
      {
        id: fresh,
        service,
        tokenHash: sha256(fresh),
        account: 'a1',
        tenant: null,
        address: null,
        user_agent: null,
        absoluteMs: 1_000,
        limit: 100,
        replaces: id,
      },
    ]),
    deleteSession: calls([service, 'a1', id]),
    deleteSessions: calls([service, 'a1', id]),
    selectSessions: calls([service, 'a1', 1_000]),
    noteSeen: calls([ids]),
    deleteExpired: calls([10]),
  },
  'identity/tenants/queries/find-gaps.ts': { findGaps: calls([{ column: 'tenant' }]) },
}
