def sub(p, pairs):
    s=open(p).read()
    for a,b in pairs:
        if a not in s: print('MISSING', p, repr(a)[:100])
        s=s.replace(a,b)
    open(p,'w').write(s)
sub('jobs/admin/queries/find-job.ts',[
("      from holdfast.jobs\n","      from holdfast.all_jobs as jobs\n"),
("/** A job with all that its row has, and the process that runs it. */","/** Finds a job with all of its columns, and the process that runs it. */"),
("workers.pid, \n","workers.pid,\n"),
])
sub('jobs/admin/cancel-job.ts',[
("releasePlace(row.name, row.freed_key)","releasePlace({ ...row, key: row.freed_key })"),
("    if (row.freed_key !== null)\n      for (const statement of releasePlace({ ...row, key: row.freed_key })) await runStatement(within, statement)\n","    if (row.freed_key !== null) {\n      for (const statement of releasePlace({ ...row, key: row.freed_key }))\n        await runStatement(within, statement)\n    }\n"),
("    return { id, name: row.name, isRunning","    return { id, service: row.service, name: row.name, isRunning"),
("  readonly id: string\n  readonly name: string\n  /** Whether it runs: it has been told to end, and does so within a second or so. One that has not run has ended. */","  readonly id: string\n  readonly service: string\n  readonly name: string\n  /** Whether it runs: its signal is aborted within about a second. One that did not run has ended. */"),
(" * Cancels a job: one that runs is told to end, any other ends, and gives its place to the next one of its concurrency key."," * Cancels a job. The signal of one that runs is aborted; any other ends, and passes its place on to the next one of its\n * concurrency key."),
("or `job-ended` where it has ended already.","or `job-ended` if it has ended."),
])
sub('jobs/admin/list-jobs.ts',[
("/** Which jobs are listed. */\nexport interface ListJobsOptions {\n","/** Options of {@link listJobs}. */\nexport interface ListJobsOptions {\n  /** Default: all services on the database. */\n  readonly service?: string\n  /** Default: all names. */\n"),
("  const { name = null,","  const { service = null, name = null,"),
("listJobRows({ name,","listJobRows({ service, name,"),
("  /** Those in one of these states. Default: all. */","  /** Default: all states. */"),
("  /** The id of the last one on the page before. */","  /** The id of the last job of the previous page. Default: the first page. */"),
("  /** How many at most, 1 to 1,000. Default 50. */","  /** Max number of jobs, 1 to 1,000. Default 50. */"),
("const mostListed","const maxListed"),("> mostListed","> maxListed"),("${mostListed}","${maxListed}"),
])
sub('jobs/admin/redrive-jobs.ts',[
("export interface RedriveOptions {\n  /** How many at most, 1 to 10,000. Default 1,000. */","export interface RedriveOptions extends JobsOf {\n  /** Max number of jobs, 1 to 10,000. Default 1,000. */"),
("  { limit = 1_000 }: RedriveOptions = {},","  { limit = 1_000, ...of }: RedriveOptions = {},"),
("runStatement<RedrivenRow>(client, redriveDead(name, limit))","runStatement<RedrivenRow>(client, redriveDead({ service, name, limit }))"),
("  const [row] = await orUniqueTaken","  const service = await findService(client, name, of)\n  const [row] = await orUniqueTaken"),
("  return { name, ids","  return { service, name, ids"),
("/** What has been redriven. */\nexport interface RedrivenJobs {\n","/** Jobs that have been redriven. */\nexport interface RedrivenJobs {\n  readonly service: string\n"),
("  /** How many of the name are still dead: beyond the limit, or since another job has their unique key. */","  /** The number of jobs of the name that are still dead: beyond the limit, or because another job has their unique key. */"),
(" * Has the dead jobs of a name begin anew, the oldest first, with all of their tries before them. Steps that are done stay so, and limits hold."," * Redrives the dead jobs of a name, the oldest first, with all of their attempts before them. Steps that are done are not\n * repeated, and limits hold."),
("`job-list-invalid` where the limit is none, or `job-unique-taken`.","`job-list-invalid` if the limit is invalid, `job-unique-taken`, or `job-service-ambiguous`."),
("import { redriveDead,","import { findService, type JobsOf } from './find-service.ts'\nimport { redriveDead,"),
("mostRedriven","maxRedriven"),
])
sub('jobs/admin/retry-job.ts',[
("/** A job that runs again. */\nexport interface RetriedJob {\n  readonly id: string\n","/** A job that runs again. */\nexport interface RetriedJob {\n  readonly id: string\n  readonly service: string\n"),
("  return { id, name: row.name,","  return { id, service: row.service, name: row.name,"),
("`ready`, or `gated` where its limits decide when it runs.","`ready`, or `gated` if its limits decide when it runs."),
(" * Has a job that is dead, or scheduled for later, run now. What has failed still counts: a dead one has one more try. Its limits hold."," * Lets a job that is dead, or scheduled for later, run now. Failed attempts still count: a dead job has one more. Its limits\n * hold."),
("`job-not-retriable` where it is neither,","`job-not-retriable` if it is neither,"),
])
sub('jobs/admin/stored-job.ts',[
("/** A job as lists have it. */\nexport interface ListedJob {\n  readonly id: string\n","/** A job in a list. */\nexport interface ListedJob {\n  readonly id: string\n  readonly service: string\n"),
("  /** How often it has been begun. */\n  readonly attempt: number\n  /** How many of its tries have failed. */","  /** The number of times that a worker has claimed it. */\n  readonly claims: number\n  /** The number of attempts that have failed. */"),
("  /** When its last try began. */","  /** When its last attempt was marked as begun; `null` for one that was only claimed, or ended within about 100 ms. */"),
("  /** Whether it has been told to end: one that still runs will. */","  /** Whether it has been cancelled: the signal of one that runs is aborted. */"),
])
sub('jobs/admin/pause-jobs.ts',[
("/** A name whose jobs nobody begins for now. */\nexport interface JobPause {\n","/** A name whose jobs are not begun for now. */\nexport interface JobPause {\n  readonly service: string\n"),
("  /** How many jobs of the name have not ended, those that still run included. */","  /** The number of jobs of the name that have not ended, including those that run. */"),
("""/**
 * Has no job of a name begun any more, by any worker, until {@link resumeJobs}. Those that run go on; more are enqueued as before. The name need not be
 * known yet. Where it is paused already, it stays so since when it was.
 */
export async function pauseJobs(client: StatementClient, name: string): Promise<JobPause> {
  const [pause] = await runStatement<JobPause>(client, insertPause(name))""","""/**
 * Pauses the jobs of a name: no worker begins one until {@link resumeJobs}. Those that run go on, and more can be
 * enqueued. Pausing a paused name changes nothing.
 *
 * @throws HoldfastError `job-service-ambiguous`.
 */
export async function pauseJobs(
  client: StatementClient,
  name: string,
  of: JobsOf = {},
): Promise<JobPause> {
  const service = await findService(client, name, of)
  const [pause] = await runStatement<JobPause>(client, insertPause(service, name))"""),
("""/** Has the jobs of a name begun again. Gives whether they were paused. */
export async function resumeJobs(client: StatementClient, name: string): Promise<boolean> {
  return (await runStatement(client, deletePause(name))).length > 0""","""/**
 * Resumes the jobs of a name. Returns whether they were paused.
 *
 * @throws HoldfastError `job-service-ambiguous`.
 */
export async function resumeJobs(
  client: StatementClient,
  name: string,
  of: JobsOf = {},
): Promise<boolean> {
  const service = await findService(client, name, of)
  return (await runStatement(client, deletePause(service, name))).length > 0"""),
("import { deletePause }","import { findService, type JobsOf } from './find-service.ts'\nimport { deletePause }"),
])
sub('jobs.ts',[
("export { listJobs,","export type { JobsOf } from './jobs/admin/find-service.ts'\nexport { listJobs,"),
])
sub('database/create-database.ts',[
("""    register: (background) =>
      requireAnswer(
        registerAll(surroundings.service, declarationsOf(surroundings.service, background), write),
      ),""","""    register: (background) =>
      requireAnswer(
        Promise.all([
          registerAll(service, declarationsOf(service, background), write),
          registerJobNames(service, background, write),
        ]),
      ).then(() => {}),"""),
("import { createWaker } from","import { registerJobNames } from '../jobs/register-names.ts'\nimport { createWaker } from"),
])
sub('webhooks/message-subscriber.ts',[
("import type { EventType, Message } from '../kernel/event.ts'\nimport type { Json } from '../kernel/json.ts'\n","import type { EventType, Message, PublishedMessage } from '../kernel/event.ts'\n"),
])
sub('outbox/consumer.postgres.test.ts',[("startEngine({\n    jobs:","startEngine({\n    service: testService,\n    jobs:")])
