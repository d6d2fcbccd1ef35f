def sub(p, pairs):
    s=open(p).read()
    for a,b in pairs:
        if a not in s: print('MISSING', p, repr(a)[:100])
        s=s.replace(a,b)
    open(p,'w').write(s)
sub('bullmq/queries/begin-jobs.ts',[
("from holdfast.jobs where id = any($1::uuid[]) and finished_at is null`","from holdfast.jobs where id = any($1::uuid[])`"),
("select id, state = 'cancelled' as is_cancelled from holdfast.jobs\n      where id = any($1::uuid[]) and finished_at is not null`","select id, state = 'cancelled' as is_cancelled from holdfast.ended_jobs where id = any($1::uuid[])`"),
])
sub('bullmq/queries/identify-database.ts',[
("export function identifyDatabase(): Statement {","export function identifyDatabase(service: string): Statement {"),
("convert_to(current_database(), 'UTF8')","convert_to(current_database() || ' ' || $1, 'UTF8')"),
("from holdfast.secrets where name = 'cursor'`,","from holdfast.secrets where name = 'cursor'`,\n    values: [service],"),
("/** What tells this database from others whose jobs are in the same Redis; its copies have other names. */","/** Reads an id for a service on this database, by which its queues differ from those of others in the same Redis, and of copies under other names. */"),
])
sub('bullmq/bullmq-jobs.ts',[
("await identify(control)","await identify(control, parts.service)"),
("async function identify(pool: Pool)","async function identify(pool: Pool, service: string)"),
("(identifyDatabase())","(identifyDatabase(service))"),
("   * What the queue of the jobs is called; those of jobs with limits are called after it. Default `'jobs-'` and a name for the database: services\n   * on one database that have different jobs need one each.","   * Name of the queue of the jobs, and prefix of the names of those with limits. Default `'jobs-'` and an id for the\n   * service and its database."),
])
sub('bullmq/queries/hand-over.ts',[
("          where name = wanted.name and state = '${state}'","          where service = $3 and name = wanted.name and state = '${state}'"),
("        where not exists (select from holdfast.job_pauses where job_pauses.name = wanted.name)`","        where not exists (\n          select from holdfast.job_pauses where job_pauses.service = $3 and job_pauses.name = wanted.name\n        )`"),
("export function handOver(names: readonly string[], batch: number): Statement {","export function handOver({ service, names, limit }: HandoverOf): Statement {"),
("update holdfast.jobs set state = 'waiting', run_at = 'infinity'\n        from","update holdfast.jobs set\n          -- When it begins is not known here: what is committed from now on gets one more run.\n          state = 'waiting', run_at = 'infinity', holds_key = holds_key and keeps_key\n        from"),
("    values: [names, batch],","    values: [names, limit, service],"),
("/**\n * Takes the next jobs that may run: those of the highest priority first, among them the oldest, but none of a name that is paused. Limits are\n * BullMQ's: what Postgres holds back for one is taken as well.\n */","/** The jobs that are handed over. */\nexport interface HandoverOf {\n  readonly service: string\n  readonly names: readonly string[]\n  readonly limit: number\n}\n\n/**\n * Takes the next jobs that may run: those of the highest priority first, among them the oldest, but none of a name that is\n * paused. Limits are BullMQ's: what Postgres holds back for one is taken as well.\n */"),
("export function findHandedOver(names: readonly string[], after: string, batch: number): Statement {","export function findHandedOver({ service, names, limit }: HandoverOf, after: string): Statement {"),
("      where ${handedOver} and name = any($1) and id > $2","      where service = $4 and ${handedOver} and name = any($1) and id > $2"),
("    values: [names, after, batch],","    values: [names, after, limit, service],"),
("export function takeBack(names: readonly string[]): Statement {","export function takeBack(service: string, names: readonly string[]): Statement {"),
("      where ${handedOver} and name = any($1)\n        and not exists (select from holdfast.job_waits where job_waits.job_id = jobs.id)`,\n    values: [names],","      where service = $2 and ${handedOver} and name = any($1)\n        and not exists (select from holdfast.job_waits where job_waits.job_id = jobs.id)`,\n    values: [names, service],"),
])
sub('bullmq/hand-over-jobs.ts',[
("Pick<JobEngineParts, 'jobs' |","Pick<JobEngineParts, 'service' | 'jobs' |"),
("promoteDue()","promoteDue(this.#parts.service)"),
("handOver(this.#names, batch)","handOver(this.#jobs(batch))"),
("      const { notOurs } = this.#parts\n      await this.#transact(stopping, (transaction) => transaction.run(takeBack(notOurs)))","      const { service, notOurs } = this.#parts\n      await this.#transact(stopping, (transaction) => transaction.run(takeBack(service, notOurs)))"),
("findHandedOver(this.#names, after, searchBatch)","findHandedOver(this.#jobs(searchBatch), after)"),
("  /** Hands over a batch;","  #jobs(limit: number): HandoverOf {\n    return { service: this.#parts.service, names: this.#names, limit }\n  }\n\n  /** Hands over a batch;"),
("import { findHandedOver, type HandedRow, handOver,","import { findHandedOver, type HandedRow, handOver, type HandoverOf,"),
])
sub('bullmq/run-job.ts',[
("import { judgeFailure, successOf } from","import { judgeFailure } from"),
("retentionMs: successOf(job).retentionMs }","retentionMs: toMilliseconds(job.retention) }"),
("import { untilAborted } from '../kernel/cancellation.ts'\n","import { untilAborted } from '../kernel/cancellation.ts'\nimport { toMilliseconds } from '../kernel/duration.ts'\n"),
("'the job is dead: it is not tried again'","'job dead: it has no further attempt'"),
("'the job failed, and is tried again'","'job failed; it is attempted again'"),
("function tellFailure(","function logFailure("),("  tellFailure(error","  logFailure(error"),
])
sub('bullmq/bullmq-worker.ts',[
("  'jobs' | 'settings' |","  'service' | 'jobs' | 'settings' |"),
("      attempt: given.attemptsStarted,","      claim: given.attemptsStarted,"),
("      limit_key: null,","      lost_claims: 0,\n      limit_key: null,"),
("    const { pool, control, bind, foreignCalls } = parts\n    const scope = openAttempt(job, claimed, {\n","    const { service, pool, control, bind, foreignCalls } = parts\n    const scope = openAttempt(job, claimed, {\n      service,\n"),
])
sub('webhooks/queries/plan-deliveries.ts',[
("export function planDeliveries(messages: readonly OutgoingMessage[]): Statement {","export function planDeliveries(service: string, messages: readonly OutgoingMessage[]): Statement {"),
("      insert into holdfast.webhook_deliveries (endpoint_id, message_id)\n      select endpoint_id, id from wanted","      insert into holdfast.webhook_deliveries (service, endpoint_id, message_id)\n      select $2, endpoint_id, id from wanted"),
("    values: [JSON.stringify(messages)],","    values: [JSON.stringify(messages), service],"),
(" * Plans the delivery of messages to"," * Plans the delivery of messages, by a service, to"),
])
sub('webhooks/migrations.ts',[
("  seq bigint generated always as identity unique,\n  endpoint_id uuid","  seq bigint generated always as identity unique,\n  -- The service whose jobs send it.\n  service text not null,\n  endpoint_id uuid"),
])
sub('webhooks/queries/replay-deliveries.ts',[
("returning delivery.id, delivery.endpoint_id, chosen.seq, chosen.owner","returning delivery.id, delivery.service, delivery.endpoint_id, chosen.seq, chosen.owner"),
("      insert into holdfast.jobs (id, name, input, state, limit_key, share_key)\n      select gen_random_uuid(), $1,","      insert into holdfast.jobs (service, id, name, input, state, limit_key, share_key)\n      select service, gen_random_uuid(), $1,"),
])
