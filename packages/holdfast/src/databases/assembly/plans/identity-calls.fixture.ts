import { hash } from 'node:crypto'
import { uuidFromHex } from '../../../kernel/base/uuid.ts'
import { call, calls, type StatementCalls } from './statement-call.fixture.ts'

const idOf = (text: string): string => uuidFromHex(hash('md5', text))
const id = idOf('1')
const ids = Array.from({ length: 10 }, (_, n) => idOf(`${n + 1}`))
const fresh = idOf('fresh')
const service = 'plans'
const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer')
const command = 'a command of an operator, who waits for it'
const sorts = 'Postgres expects so few rows that it sorts them instead of reading them in order'
const entry = {
  service,
  operation: 'ship',
  caller_kind: 'user',
  caller_id: 'ann',
  tenant: null,
  target: null,
  details: null,
  request_id: 'r',
  trace_id: null,
  status: 200,
}
const noFilters = {
  service: null,
  caller: null,
  tenant: null,
  operation: null,
  target: null,
  since: null,
  until: null,
  after: null,
  limit: 10,
}
// The time of a row is a whole number of seconds: its number after the start of the month.
const chained = [11, 12].map((n) => ({
  ...entry,
  id: idOf(`${n}`),
  at: new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth(), 1, 0, 0, n)).toISOString(),
  position: String(10_000 + n),
  hash: '00',
}))
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
  'identity/trail/queries/insert-trail.ts': { insertTrail: calls([{ ...entry, id: fresh }]) },
  'identity/trail/queries/chain.ts': {
    createHead: calls([service]),
    lockHead: calls([service]),
    findUnchained: calls([service, 10]),
    chainRows: calls([service, chained]),
  },
  'identity/trail/queries/partitions.ts': { createPartitions: calls([1]) },
  'identity/trail/queries/list-trail.ts': {
    trailRows: [
      call([{ ...noFilters, service }], { readsAllUnanalyzed: sorts }),
      { with: [{ ...noFilters, service, after: { at: chained[0]!.at, id } }] },
      call([noFilters], { readsAll: command }),
    ],
  },
  'identity/trail/queries/verify.ts': {
    findChains: [call([service], { readsAll: command })],
    readChain: [call([service, '10', 10], { readsAllUnanalyzed: sorts })],
    readHead: calls([service]),
    readAnchor: calls([service, '1']),
    countUnchained: [call([service], { readsAll: command })],
    dropPartitions: calls([new Date(0)]),
  },
}
