import re
def sub(p, pairs):
    s=open(p).read()
    for a,b in pairs:
        if a not in s: print('MISSING', p, repr(a)[:100])
        s=s.replace(a,b)
    open(p,'w').write(s)
P='packages/holdfast/'
J=P+'src/jobs/'
sub(J+'admin/job-admin.postgres.test.ts',[
("insert into holdfast.job_waits (job_id, step, event, key) values ($1, 'answer', 'order.paid', '7')","insert into holdfast.job_waits (job_id, step, publisher, event, key)\n       values ($1, 'answer', 'job-admin-test', 'order.paid', '7')"),
])
sub(J+'engine.postgres.test.ts',[
("insert into holdfast.job_limits (name, kind, key, places, next_at) values\n      ('alone', 'concurrency', 'idle'","insert into holdfast.job_limits (service, name, kind, key, places, next_at) values\n      ('engine-test', 'alone', 'concurrency', 'idle'"),
("      ('alone', 'rate', 'idle'","      ('engine-test', 'alone', 'rate', 'idle'"),
("      ('alone', 'concurrency', 'taken'","      ('engine-test', 'alone', 'concurrency', 'taken'"),
("      ('alone', 'rate', 'used up'","      ('engine-test', 'alone', 'rate', 'used up'"),
("insert into holdfast.jobs (id, name, input, state, limit_key)\n    values (gen_random_uuid(), 'a-stuck-one'","insert into holdfast.jobs (service, id, name, input, state, limit_key)\n    values ('both', gen_random_uuid(), 'a-stuck-one'"),
("insert into holdfast.jobs (id, name, input, state, limit_key, rate_key) values\n      (gen_random_uuid(), 'free', '{}', 'gated', '', null),\n      (gen_random_uuid(), 'free', '{}', 'gated', null, ''),\n      (gen_random_uuid(),","insert into holdfast.jobs (service, id, name, input, state, limit_key, rate_key) values\n      ('freed', gen_random_uuid(), 'free', '{}', 'gated', '', null),\n      ('freed', gen_random_uuid(), 'free', '{}', 'gated', null, ''),\n      ('freed', gen_random_uuid(),"),
("insert into holdfast.jobs (id, name, input, state, limit_key)\n    values (gen_random_uuid(), 'alone'","insert into holdfast.jobs (service, id, name, input, state, limit_key)\n    values ('engine-test', gen_random_uuid(), 'alone'"),
("`insert into holdfast.jobs (id, name, input, state) values (gen_random_uuid(), 'alone', '{}', 'ready')`","`insert into holdfast.jobs (service, id, name, input, state)\n     values ('engine-test', gen_random_uuid(), 'alone', '{}', 'ready')`"),
])
sub(J+'schedules.postgres.test.ts',[
("insert into holdfast.job_schedules (name, cron, time_zone, done_until)\n     values ('yearly'","insert into holdfast.job_schedules (service, name, cron, time_zone, done_until)\n     values ('put-back', 'yearly'"),
])
sub(J+'heartbeat/heartbeat.postgres.test.ts',[("'heartbeat', 'here', 1, now()","'beaten', 'here', 1, now()"),
("forgetDead(leaseMs, self)","forgetDead({ service: 'beaten', leaseMs, self })")])
sub(P+'src/bullmq/bullmq-jobs.postgres.test.ts',[
("select name, attempt, state from","select name, claim, state from"),
("{ name: 'consumer:listening', attempt: 1,","{ name: 'consumer:listening', claim: 1,"),
("      // Nobody has claimed it in the database.\n      { name: 'plain', attempt: 0,","      // No worker has claimed it in the database.\n      { name: 'plain', claim: 0,"),
])
sub(P+'src/outbox/dispatcher.postgres.test.ts',[("holdfast.jobs cascade'","holdfast.jobs, holdfast.ended_jobs cascade'")])
sub(P+'src/outbox/consumer.postgres.test.ts',[("holdfast.jobs cascade'","holdfast.jobs, holdfast.ended_jobs, holdfast.job_limits'")])
sub(P+'src/outbox/watch-unheard.postgres.test.ts',[("insert into holdfast.job_workers (id, host, pid) values (gen_random_uuid(), 'another', 1)","insert into holdfast.job_workers (id, service, host, pid) values (gen_random_uuid(), 'another', 'there', 1)")])
sub(P+'src/webhooks/deliveries.postgres.test.ts',[("set run_at = now() where id = $1 and finished_at is null'","set run_at = now() where id = $1'")])
sub(P+'crash-tests/unfenced-worker-main.ts',[
("insert into holdfast.job_workers (id, host, pid) values (gen_random_uuid(), 'unfenced', $1) returning id","insert into holdfast.job_workers (id, service, host, pid) values (gen_random_uuid(), 'jobs', 'unfenced', $1) returning id"),
("attempt = attempt + 1, worker = $1","claim = claim + 1, worker = $1, started_at = now()"),
("  await client.query(`update holdfast.jobs set state = 'succeeded', finished_at = now() where id = $1`, [\n    job.id,\n  ])","  await client.query('delete from holdfast.jobs where id = $1', [job.id])"),
])
sub(P+'crash-tests/workers.test.ts',[
("interface Claim {\n  readonly id: string\n  readonly attempt: number\n}","interface Claim {\n  readonly id: string\n  readonly claim: number\n}"),
("`select id, attempt from holdfast.all_jobs where state = 'running'`","`select id, claim from holdfast.jobs where state = 'running'`"),
("from holdfast.all_jobs\n     join unnest($1::uuid[], $2::int[]) as claim (id, attempt) on jobs.id = claim.id and jobs.attempt = claim.attempt\n","from holdfast.jobs\n     join unnest($1::uuid[], $2::int[]) as claimed (id, claim) on jobs.id = claimed.id and jobs.claim = claimed.claim\n"),
("claims.map(({ attempt }) => attempt)","claims.map(({ claim }) => claim)"),
("'select count(*)::int as count from holdfast.all_jobs where failures > 0'","'select count(*)::int as count from holdfast.all_jobs where claim > 1'"),
("join holdfast.all_jobs on worker = job_workers.id where state = 'running'","join holdfast.jobs on worker = job_workers.id where state = 'running'"),
("'select attempt, failures from holdfast.all_jobs'","'select claim, failures from holdfast.all_jobs'"),
("[{ attempt: 1, failures: 0 }]","[{ claim: 1, failures: 0 }]"),
("`insert into holdfast.jobs (id, name, input, state) values (gen_random_uuid(), 'work', '{\"ms\":1500}', 'ready')`","`insert into holdfast.jobs (service, id, name, input, state)\n     values ('jobs', gen_random_uuid(), 'work', '{\"ms\":1500}', 'ready')`"),
("'taken over by another worker'","'rescued by another worker'"),
])
sub('packages/cli/src/commands.postgres.test.ts',[("'truncate holdfast.jobs, holdfast.job_pauses,","'truncate holdfast.jobs, holdfast.ended_jobs, holdfast.job_pauses,")])
sub('examples/ledger/test/background.test.ts',[("`insert into holdfast.jobs (id, name, input, state) values (gen_random_uuid(), $1, $2, 'ready')`","`insert into holdfast.jobs (service, id, name, input, state) values ('ledger', gen_random_uuid(), $1, $2, 'ready')`")])
sub('bench/jobs/engines/holdfast.ts',[
("    insert into holdfast.jobs (id, name, input, state, traceparent)\n    select uuidv7(), 'bench'","    insert into holdfast.jobs (service, id, name, input, state, traceparent)\n    select 'bench', uuidv7(), 'bench'"),
("clear: 'truncate holdfast.jobs cascade'","clear: 'truncate holdfast.jobs, holdfast.ended_jobs'"),
("from holdfast.all_jobs where finished_at is null'","from holdfast.jobs'"),
])
sub(J+'engine-tries.fixture.ts',[
("""    await on.sql(
      `update holdfast.jobs set state = 'scheduled', run_at = now(), failures = 0, finished_at = null, expires_at = null
       where id = $1`,
      [id],
    )
""","""    expect(await redriveJobs(clientOf(on), jobs.plain.name)).toMatchObject({ ids: [id], left: 0 })
"""),
("  test.runIf(promised('steps'))('what a step has done is not done again', async () => {","""  test.runIf(promised('steps'))('a dead job that is redriven does not repeat its finished steps', async () => {
    const on = await start()
    const done: string[] = []
    let isBroken = true
    work.set('a', async ({ step }) => {
      await step('charge', () => void done.push('charge'))
      if (isBroken) throw new GiveUp('broken')
      await step('ship', () => void done.push('ship'))
    })
    const id = await on.enqueue(jobs.plain, 'a')
    const dead = await on.inState(id, 'dead')
    isBroken = false
    await redriveJobs(clientOf(on), jobs.plain.name)
    const succeeded = await on.inState(id, 'succeeded')
    expect(done).toEqual(['charge', 'ship'])
    // No claim has a number that one before had: what a first attempt still sends is fenced off.
    expect(succeeded.claim).toBeGreaterThan(dead.claim)
  })

  test.runIf(promised('steps'))('what a step has done is not done again', async () => {"""),
("import { sql } from 'holdfast/postgres'\n","import { redriveJobs, type StatementClient } from 'holdfast/jobs'\nimport { sql } from 'holdfast/postgres'\n"),
("/** Tests of tries: what becomes of what a job does, and of what it throws. */","const clientOf = (on: Bench): StatementClient => ({\n  query: async (text: string, values?: readonly unknown[]) => ({ rows: await on.sql(text, values) }),\n})\n\n/** Tests of attempts: what they do and throw. */"),
("import { type Benches, type EnginePromise, note }","import { type Bench, type Benches, type EnginePromise, note }"),
])
sub(J+'engine-bench.fixture.ts',[("  readonly state: string\n  readonly failures","  readonly state: string\n  readonly claim: number\n  readonly failures")])
