/** SQL for the columns of a job in a list. */
export const jobColumns = `
        jobs.id, jobs.service, jobs.name, jobs.state, jobs.priority, nullif(jobs.run_at, 'infinity') as "runAt",
        jobs.claim as claims, jobs.failures, jobs.failure, jobs.is_cancelled as "isCancelled",
        jobs.enqueued_at as "enqueuedAt", jobs.claimed_at as "startedAt", jobs.finished_at as "finishedAt"`
