import { hash } from 'node:crypto'
import { uuidFromHex } from '../../../kernel/base/uuid.ts'
import { identityCalls } from './identity-calls.fixture.ts'
import { accountStatementCalls } from './account-statement-calls.fixture.ts'
import { providerStatementCalls } from './provider-statement-calls.fixture.ts'
import { call, calls, type StatementCalls } from './statement-call.fixture.ts'

/*
 * Calls of every function that returns a statement of the framework, by the file and name of the
 * function. They refer to rows that hostile-tables.fixture.ts inserts.
 */

const idOf = (text: string): string => uuidFromHex(hash('md5', text))
const worker = idOf('worker 2')
const id = idOf('1')
const ids = Array.from({ length: 10 }, (_, n) => idOf(`${n + 1}`))
const endedIds = Array.from({ length: 10 }, (_, n) => idOf(`ended ${n + 1}`))
const claims = ids.map((one, index) => ({ id: one, claim: index === 9 ? 2 : 1 }))
const completions = claims.map((one) => ({ ...one, retentionMs: 1_000 }))
const [claim] = claims
const fresh = idOf('fresh')
const zero = '00000000-0000-0000-0000-000000000000'
const service = 'plans'
const name = 'work'
const key = 'k1'
const unique = { service, name, key: 'u1' }
const lease = { service, leaseMs: 15_000, self: worker }
const limits = [{ kind: 'concurrency', key, slots: 1, next_ms: 0 }]
const subject = idOf('subject')
const page = { subject, service, after: zero, limit: 10 }
const subscription = { kind: 'subscriber', name: 'subscriber' }
const consumer = { kind: 'consumer', name: 'consumer' }
const paid = { publisher: service, event: 'paid', key }
const endpoint = { id, service, owner: 'o1' }
const anyEndpoint = { id, service: null, owner: null }
const jobRow = { id: fresh, name, input: '{}', priority: 0 }
const times = { statementMs: 1_000, idleMs: 1_000, lifetimeMs: 1_000 }
const answer = {
  id: fresh,
  service,
  scope: '',
  key,
  fingerprint: Buffer.from('1'),
  status: 200,
  headers: {},
  body: null,
  subjects: [],
}
const unchecked = { marker: null, epoch: null }
const segments = {
  behind: [{ name, priority: 0, after: 0 }],
  ranges: [{ name, low: 1, high: 1_000 }],
}
const wanted = { service, segments, room: 10, reserved: 0, busy: [] }
const everything = { service: null, name: null, states: null, after: null, limit: 10 }
const keys = { scope: null, key: null, since: null, until: null, limit: 10 }
const deliveries = { service: null, owner: null, endpoint: null, state: null }
const replay = {
  ...deliveries,
  delivery: id,
  since: null,
  until: null,
  states: ['pending', 'delivered', 'failed'],
  limit: 10,
}
const listed = 'select * from ($) as listed order by seq desc limit 10'

const command = 'a command of an operator, who waits for it'
const sorts = 'Postgres expects so few rows that it sorts them instead of reading them in order'
const fewDead = 'dead letters are few, and are read by the leader alone'

export const statementCalls: Readonly<Record<string, Readonly<Record<string, StatementCalls>>>> = {
  'effects/jobs/queries/claim.ts': {
    claimJobs: calls([worker, wanted], [worker, { ...wanted, reserved: 2, busy: [name] }]),
    markBegun: calls([claims]),
    storeProgress: calls([claim, '1']),
    // The running jobs of one worker.
    findCancelled: [call([worker], { reads: 300 })],
    releaseClaims: calls([claims]),
    releaseUnknownClaims: [call([worker, [name], claims], { reads: 300 })],
  },
  'effects/jobs/queries/finish.ts': {
    continues: 'not planned',
    endAttempt: calls(
      [claim, { state: 'dead', isFailure: true, failure: {} }],
      [claim, { state: 'scheduled', delayMs: 1_000 }],
    ),
    succeedFenced: calls([claim, 1_000, unchecked], [claims[9], 1_000, unchecked]),
    completeJobs: calls([completions.slice(0, 9)], [completions]),
    cancelJob: calls([id], [fresh]),
  },
  'effects/jobs/queries/enqueue.ts': {
    insertJobs: calls([service, [jobRow]], [service, [{ ...jobRow, delayMs: 1_000 }]]),
    insertUniqueJob: calls(
      [service, { ...jobRow, uniqueKey: 'fresh' }],
      [service, { ...jobRow, uniqueKey: 'u1' }],
    ),
    lockUniqueJob: calls([unique]),
    findRunningUniqueJob: calls([unique]),
    registerNames: calls([service, [name]]),
  },
  'effects/jobs/queries/limits.ts': {
    lockGate: calls([service, name]),
    findGated: calls([service, name, 10]),
    lockLimits: calls([{ service, name, limits }]),
    admit: calls([[{ id, state: 'ready', hasSlot: true, rateReserved: false, delayMs: 0 }]]),
    updateLimits: calls([{ service, name, limits }]),
    slotOf: 'not planned',
    releaseSlot: calls([{ service, name, key }]),
    pruneLimits: [call([service, 10], { readsAll: 'the leader looks for idle limits once in a while' })],
  },
  'effects/jobs/queries/promote-due.ts': { promoteDue: [call([service, [name]], { reads: 1_000 })] },
  'effects/jobs/queries/prune-jobs.ts': {
    pruneJobs: calls([{ service, after: undefined, limit: 10 }]),
  },
  'effects/jobs/queries/schedules.ts': {
    registerSchedule: calls([service, { name, cron: '* * * * *', timeZone: 'UTC' }]),
    takeSchedule: calls([service, name]),
    advanceSchedule: calls([{ service, name, doneUntil: new Date(0) }]),
  },
  'effects/jobs/queries/steps.ts': {
    readSteps: calls([id]),
    storeStep: calls([{ job: claim, name: 'b', result: '1' }, unchecked]),
    beginPause: calls([{ job: claim, name: 'b' }, 1_000]),
  },
  'effects/jobs/queries/waits.ts': {
    lockMessages: calls([[paid]]),
    awaitMessage: calls([id, 'a', paid]),
    resolveWaits: calls([[{ ...paid, json: '{}' }]]),
    giveUpWaiting: calls([id, 'a']),
  },
  'effects/jobs/queries/workers.ts': {
    registerWorker: calls([fresh, { service, host: 'host', pid: 1 }]),
    sendHeartbeat: calls([worker]),
    forgetWorker: calls([worker]),
    deleteOldHeartbeats: calls([]),
    forgetDead: calls([lease]),
    findOrphans: calls([service]),
    endSessions: calls([['nobody']]),
    nextDeath: calls([lease]),
  },
  'effects/jobs/queries/archive.ts': { archive: 'not planned', unarchive: 'not planned' },
  'effects/jobs/admin/queries/find-services.ts': { findServiceRows: calls([name]) },
  'effects/jobs/admin/queries/pauses.ts': {
    listPauseRows: calls([]),
    insertPause: [call([service, name], { readsAll: command })],
    deletePause: calls([service, name]),
  },
  'effects/jobs/admin/queries/read-jobs.ts': {
    listJobRows: [call([{ ...everything, service, after: id }], { readsAll: command })],
    findJobRow: calls([id], [endedIds[0]]),
    listStepRows: calls([id]),
  },
  'effects/jobs/admin/queries/redrive-jobs.ts': {
    redriveDead: [call([{ service, name, limit: 10 }], { readsAll: command })],
  },
  'effects/jobs/admin/queries/retry-job.ts': { retryJobNow: calls([id], [endedIds[0]]) },
  'effects/jobs/admin/queries/skip-job.ts': { skipDead: calls([endedIds[0]]) },
  'effects/jobs/admin/queries/subject-jobs.ts': {
    findSubjectJobs: calls([page]),
    readSubjectJobs: calls([ids]),
    deleteWaitingJobs: calls([ids]),
    deleteEndedJobs: calls([endedIds]),
    deleteIdleLimits: calls([[{ service, name, limit_key: key, rate_key: 'r' }]]),
    forgetDeletedJobs: calls([ids]),
  },
  'effects/jobs/leadership/queries/campaign.ts': {
    campaign: calls([{ service, holder: worker, covers: [], leaseMs: 1_000, session: 'nobody' }]),
    resign: calls([service, worker]),
  },
  'effects/messages/queries/consume.ts': {
    consume: calls([service, 'consumer', fresh], [service, 'consumer', id]),
  },
  'effects/messages/queries/dead-messages.ts': {
    storeDead: calls([service, 'subscriber', [{ id, event: 'paid', key, failure: {} }]]),
    takeRedriven: calls([service, 'subscriber']),
    redriveDead: [
      call(['subscriber', null], { readsAll: command }),
      call(['subscriber', id], { readsAll: command }),
    ],
    skipDead: [
      call(['subscriber', null], { readsAll: command }),
      call(['subscriber', id], { readsAll: command }),
    ],
    listDeadRows: [call([{ subscriber: 'subscriber', limit: 10 }], { readsAll: command })],
  },
  'effects/messages/queries/dispatch.ts': {
    lockDispatch: calls([]),
    findNewMessages: [call([10], { readsAllUnanalyzed: sorts })],
    givePositions: calls([ids]),
    lockDispatchWaiting: calls([]),
  },
  'effects/messages/queries/find-undispatched.ts': {
    findUndispatched: [call([], { reads: 2_000, readsAllUnanalyzed: sorts })],
  },
  'effects/messages/queries/insert-messages.ts': {
    insertMessages: calls(
      [[{ id: fresh, event: 'paid', key, payload: '{}' }], { service, traceparent: undefined }],
      [
        [{ id: fresh, event: 'paid', key, payload: '{}', subjects: ['a'] }],
        { service, traceparent: undefined },
      ],
    ),
  },
  'effects/messages/queries/list-messages.ts': {
    listMessageRows: [
      call([{ event: null, key: null, since: null, until: null, isNew: null, after: null, limit: 10 }], {
        readsAll: command,
      }),
    ],
  },
  'effects/messages/queries/list-subscriptions.ts': {
    listSubscriptionRows: [call([null], { readsAll: command })],
  },
  'effects/messages/queries/move-subscription.ts': {
    moveTo: [call([{ service, ...subscription }, '1', true], { readsAll: command })],
    moveBefore: [call([{ service, ...subscription }, new Date(0), true], { readsAll: command })],
    deleteSubscription: [call([{ service, ...subscription }], { readsAll: command })],
    forgetPositions: calls([ids]),
  },
  'effects/messages/queries/prune.ts': {
    pruneMessages: calls([{ retentionMs: 86_400_000, after: '0', limit: 10 }]),
    pruneInbox: calls([zero, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10]),
    pruneDead: [call([86_400_000], { readsAll: fewDead })],
  },
  'effects/messages/queries/subject-messages.ts': {
    findSubjectMessages: calls([page]),
    readSubjectMessages: calls([ids]),
    deleteSubjectMessages: calls([ids]),
    forgetDeletedMessages: calls([ids]),
  },
  'effects/messages/queries/subscriptions.ts': {
    repairPositions: calls([]),
    registerSubscriptions: calls([
      service,
      [{ ...subscription, publisher: service, events: ['paid'], startFrom: 'next' }],
    ]),
    readLog: calls([service, [subscription, consumer]]),
    lockConsumers: calls([service, ['consumer']]),
    lockSubscription: calls([service, subscription]),
    readSubscription: calls([service, subscription]),
    readMessages: calls([{ after: '0', publishers: [service], events: ['paid'], limit: 10 }]),
    advanceConsumers: calls([service, ['consumer'], '1']),
    advanceSubscription: calls([service, subscription, { from: '0', to: '1' }]),
    markSeen: calls([service, [subscription]]),
    storeFailure: calls([service, subscription, {}]),
  },
  'effects/webhooks/queries/end-delivery.ts': { endDelivery: calls([id, 'delivered']) },
  'effects/webhooks/queries/endpoints.ts': {
    insertEndpoint: calls([
      { id: fresh, service, owner: 'o1', url: 'https://a.test', events: null, description: '', secret: 's' },
    ]),
    updateEndpointRow: calls([
      endpoint,
      { url: 'https://b.test', events: undefined, description: undefined },
    ]),
    setEndpointState: calls([anyEndpoint, 'a reason'], [endpoint, null]),
    deleteEndpoint: calls([endpoint]),
    endpointRows: [call([{ service, owner: 'o1', state: null }], { within: listed })],
  },
  'effects/webhooks/queries/erased-message.ts': { isKept: 'not planned' },
  'effects/webhooks/queries/find-delivery.ts': { findDelivery: calls([id]) },
  'effects/webhooks/queries/find-replay-endpoint.ts': {
    findDeliveryEndpoint: calls([anyEndpoint]),
    findEndpoint: calls([anyEndpoint]),
  },
  'effects/webhooks/queries/list-deliveries.ts': {
    deliveryRows: [call([{ ...deliveries, service, owner: 'o1', endpoint: id }], { within: listed })],
  },
  'effects/webhooks/queries/log-attempt.ts': {
    logAttempt: calls([
      id,
      { attemptedAt: new Date(0), durationMs: 1, status: 200, answer: null, failure: null },
    ]),
  },
  'effects/webhooks/queries/note-outcome.ts': {
    noteSuccess: calls([id]),
    noteFailure: calls([id, 1_000]),
    noteEndpointGone: calls([id]),
  },
  'effects/webhooks/queries/plan-deliveries.ts': {
    planDeliveries: calls([service, [{ id: fresh, event: 'paid', owner: 'o1', body: '{}' }]]),
  },
  'effects/webhooks/queries/prune-messages.ts': {
    pruneWebhookMessages: [
      call([service, { retentionMs: 86_400_000, limit: 10 }], { readsAllUnanalyzed: sorts }),
    ],
  },
  'effects/webhooks/queries/replay-deliveries.ts': {
    replayDeliveryRows: [
      call([name, replay], { hasFilters: true }),
      call([name, { ...replay, delivery: null, owner: 'o1' }], { hasFilters: true, readsAll: command }),
    ],
  },
  'effects/webhooks/queries/rotate-secret.ts': {
    rotateSecretRow: calls([{ ...endpoint, secret: 't' }, 1_000]),
  },
  'effects/webhooks/queries/subject-webhooks.ts': {
    findSubjectWebhooks: calls([page, name]),
    readSubjectWebhooks: calls([ids]),
    lockDeliveries: calls([ids]),
    failPendingDeliveries: calls([ids, { subject, service }, name]),
    eraseWebhookMessages: calls([ids]),
  },
  'storage/reads/queries/insert-used-id.ts': {
    insertUsedId: calls([hash('sha256', 'fresh', 'buffer'), 60_000]),
  },
  'effects/subjects/queries/delete-orphans.ts': { deleteOrphans: calls([zero, 10]) },
  'effects/subjects/queries/delete-subjects.ts': { deleteSubjectsOf: 'not planned' },
  'effects/subjects/queries/find-subject-rows.ts': { subjectRows: 'not planned', pageValues: 'not planned' },
  'effects/subjects/queries/insert-subjects.ts': {
    insertSubjects: calls([service, 'job', [{ id: fresh, subjects: ['a'] }]]),
  },
  'effects/idempotency/queries/answers.ts': {
    leafName: 'not planned',
    answerIn: 'not planned',
    perLeaves: 'not planned',
    readAnswer: calls([id, [0, 1]]),
  },
  'effects/idempotency/queries/claim.ts': {
    claim: calls([{ limits: times, marker: '1', lockId: '1', id, read: [0, 1] }]),
    claimLock: calls([{ limits: times, marker: '1', lockId: '1', id, read: [0] }]),
  },
  'effects/idempotency/queries/key-subjects.ts': { subjectsName: 'not planned' },
  'effects/idempotency/queries/ring.ts': {
    readRing: calls([]),
    widenRing: calls([1e12]),
    renewSchemaEpoch: 'not planned',
    lockLeaf: calls([0]),
    truncateLeaf: 'not planned',
  },
  'effects/idempotency/queries/store-answer.ts': {
    storeAnswer: calls(
      [answer, [0], unchecked],
      [answer, [0, 1], unchecked],
      [{ ...answer, subjects: [subject] }, [0], unchecked],
    ),
    isKeyConstraint: 'not planned',
  },
  'effects/idempotency/queries/try-lock.ts': { tryLock: calls(['1']) },
  'effects/idempotency/admin/queries/count-old-keys.ts': {
    countOldKeys: [call([1_000], { readsAll: command })],
  },
  'effects/idempotency/admin/queries/delete-old-keys.ts': {
    countPages: calls([0]),
    // The rows of one page.
    deleteOldKeys: calls([0, { olderThanMs: 1_000, from: 0, to: 1 }]),
  },
  'effects/idempotency/admin/queries/find-keys.ts': {
    findKeyRows: [call([key, null], { readsAll: command })],
  },
  'effects/idempotency/admin/queries/list-keys.ts': { listKeyRows: [call([keys], { readsAll: command })] },
  'effects/idempotency/admin/queries/subject-keys.ts': {
    findKeyIds: calls([0, page]),
    readKeyRows: calls([0, ids]),
    eraseKeyRows: calls([0, { subject, service }, ids]),
  },
  'effects/erasure/queries/erasures.ts': {
    insertErasure: calls([fresh, { subject, service }, null]),
    updateErasure: calls([id, {}]),
    endErasure: calls([id, 0]),
    listErasureRows: [call([{ service: null, subject: null, limit: 10 }], { readsAll: command })],
  },
  'effects/erasure/queries/find-services.ts': { findSubjectServices: calls([subject]) },
  'brokers/bullmq/queries/hand-over.ts': {
    handOver: calls([{ service, names: [name], limit: 10 }]),
    lockHandover: calls(['queue']),
    findHandedOver: calls([{ service, names: [name], limit: 10 }, zero]),
    takeBack: calls([service, [name]]),
  },
  'brokers/bullmq/queries/identify-database.ts': { identifyDatabase: calls([service]) },
  'brokers/bullmq/queries/job-records.ts': {
    beginJobs: calls([ids]),
    findOver: calls([endedIds]),
    failJob: calls([{ id, failure: {} }], [{ id, failure: {}, deadForMs: 1_000 }]),
    finishJobs: calls([ids.map((one) => ({ id: one, retentionMs: 1_000 }))]),
    finishFenced: calls([{ id, retentionMs: 1_000 }, unchecked]),
  },
  'storage/postgres/queries/begin-transaction.ts': {
    uniformLimits: 'not planned',
    beginStatement: 'not planned',
    limitValues: 'not planned',
    limitTransaction: calls([times, '1']),
  },
  'storage/postgres/queries/set-tenant.ts': { setTenant: calls(['acme']), setAdmission: calls(['acme']) },
  'storage/postgres/queries/limit-statements.ts': { limitStatements: calls([1_000, 'transaction']) },
  'storage/postgres/queries/check-transaction.ts': {
    transactionHolds: 'not planned',
    checkTransaction: calls([unchecked]),
  },
  'storage/postgres/queries/read-schema-epoch.ts': { readSchemaEpoch: calls([]) },
  'storage/statement-guard/queries/read-unique-keys.ts': { readUniqueKeys: calls([]) },
  ...identityCalls,
  ...accountStatementCalls,
  ...providerStatementCalls,
}
