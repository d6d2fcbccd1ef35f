import re
def sub(p, pairs):
    s=open(p).read()
    for a,b in pairs:
        if a not in s: print('MISSING', p, repr(a)[:100])
        s=s.replace(a,b)
    open(p,'w').write(s)
sub('jobs/migrations.ts',[
("  enqueued_at timestamptz not null default now(),\n  -- Set when","  enqueued_at timestamptz not null default now(),\n  claimed_at timestamptz,\n  -- Set when"),
("  started_at timestamptz,\n  finished_at timestamptz not null","  claimed_at timestamptz,\n  finished_at timestamptz not null"),
("is_cancelled, progress, failure, traceparent, enqueued_at, started_at,","is_cancelled, progress, failure, traceparent, enqueued_at, claimed_at,"),
])
sub('jobs/queries/archive.ts',[("enqueued_at, started_at`","enqueued_at, claimed_at`"),
("progress, failure, traceparent, enqueued_at, state","progress, failure, traceparent, enqueued_at, claimed_at, state"),
("progress, failure, traceparent, enqueued_at, ${set.state}","progress, failure, traceparent, enqueued_at, claimed_at, ${set.state}"),
])
sub('jobs/queries/claim-jobs.ts',[("worker = $1, started_at = null, holds_key","worker = $1, claimed_at = now(), started_at = null,\n        holds_key")])
sub('jobs/admin/queries/job-columns.ts',[('jobs.started_at as "startedAt"','jobs.claimed_at as "startedAt"')])
sub('jobs/admin/stored-job.ts',[("  /** When its last attempt was marked as begun; `null` for one that was only claimed, or ended within about 100 ms. */","  /** When a worker last claimed it, at most about half a second before its attempt began. */")])
sub('webhooks/message-subscriber.ts',[("ownerOf(message as Message<never>)","ownerOf(message as Message as Message<never>)")])
sub('../../cli/src/commands/jobs-show.ts',[
("        ['Begun', `${count(job.attempt, 'time')}, ${job.failures} failed`],","        ['Claimed', `${count(job.claims, 'time')}, ${job.failures} failed`],"),
("        ['Name', job.name],","        ['Service', job.service],\n        ['Name', job.name],"),
])
sub('../../cli/src/commands/jobs-list.ts',[
("    name: text('name', 'Those of this name.'),","    service: text('service', 'Service whose jobs are listed. Default: all services.'),\n    name: text('name', 'Those of this name.'),"),
("options: { name, state, before, limit }, client","options: { service, name, state, before, limit }, client"),
("      ...(name === undefined ? {} : { name }),","      ...(service === undefined ? {} : { service }),\n      ...(name === undefined ? {} : { name }),"),
("    { title: 'NAME', value","    { title: 'SERVICE', value: ({ service }) => service, isFlexible: true },\n    { title: 'NAME', value"),
("({ name: one, pausedAt, jobs: waiting }) =>\n              `Paused: ${printable(one)}, since","({ service: owner, name: one, pausedAt, jobs: waiting }) =>\n              `Paused: ${printable(one)} of ${printable(owner)}, since"),
])
sub('../../cli/src/commands/jobs-pause.ts',[
("  options: {},\n  async run({ arguments: [name = ''], client }) {\n    const pause = await pauseJobs(client, name)","  options: { service: serviceOption },\n  async run({ arguments: [name = ''], options: { service }, client }) {\n    const pause = await pauseJobs(client, name, service === undefined ? {} : { service })"),
("import { count } from '../count.ts'\n","import { serviceOption } from '../common-options.ts'\nimport { count } from '../count.ts'\n"),
("/** Has no job of a name begun any more. */","/** Pauses the jobs of a name. */"),
("'Has no job of a name begun any more, by any worker. Those that run go on.'","'Pauses the jobs of a name: no worker begins one. Those that run go on.'"),
("'More are enqueued as before, and wait. \"jobs list\" tells what is paused.'","'More can be enqueued, and wait. \"jobs list\" shows what is paused.'"),
])
sub('../../cli/src/commands/jobs-resume.ts',[
("  options: {},\n  async run({ arguments: [name = ''], client }) {\n    const wasPaused = await resumeJobs(client, name)","  options: { service: serviceOption },\n  async run({ arguments: [name = ''], options: { service }, client }) {\n    const wasPaused = await resumeJobs(client, name, service === undefined ? {} : { service })"),
("import { printable }","import { serviceOption } from '../common-options.ts'\nimport { printable }"),
("/** Has the jobs of a name begun again. */","/** Resumes the jobs of a name. */"),
("'Has the jobs of a paused name begun again.'","'Resumes the jobs of a paused name.'"),
("wasPaused ? 'is begun again' : 'was not paused'","wasPaused ? 'is resumed' : 'was not paused'"),
])
sub('../../cli/src/commands/jobs-redrive.ts',[
("  options: { limit: wholeNumber('How many at most.', { min: 1, max: 10_000, initial: 1_000 }) },\n  async run({ arguments: [name = ''], options: { limit }, client }) {\n    const redriven = await redriveJobs(client, name, { limit })","  options: {\n    service: serviceOption,\n    limit: wholeNumber('Max number of jobs.', { min: 1, max: 10_000, initial: 1_000 }),\n  },\n  async run({ arguments: [name = ''], options: { service, limit }, client }) {\n    const redriven = await redriveJobs(client, name, { limit, ...(service === undefined ? {} : { service }) })"),
("import { count } from '../count.ts'\n","import { serviceOption } from '../common-options.ts'\nimport { count } from '../count.ts'\n"),
("/** Has dead jobs begin anew. */","/** Redrives dead jobs. */"),
("'Has the dead jobs of a name begin anew, the oldest first.'","'Redrives the dead jobs of a name, the oldest first.'"),
("'All of their tries are before them again. Steps that are done stay so, and limits hold. Of those with the same unique key it is the last one, and none while another has not ended.'","'All of their attempts are before them again. Steps that are done are not repeated, and limits hold. Of those that keep the same unique key until they end it is the last one, and none while another has not ended.'"),
])
s=open('../../cli/src/common-options.ts').read()
s+='''
/** The option of commands that are given the name of a job. */
export const serviceOption: Option<string | undefined> = text(
  'service',
  'Service whose jobs they are. Needed if several services on the database have jobs of the name.',
)
'''
open('../../cli/src/common-options.ts','w').write(s)
