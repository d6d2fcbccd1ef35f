export { type CancelledJob, cancelJob } from './effects/jobs/admin/cancel-job.ts'
export type { JobsOf } from './effects/jobs/admin/find-service.ts'
export { listJobs, type ListJobsOptions } from './effects/jobs/admin/list-jobs.ts'
export { type JobPause, listPauses, pauseJobs, resumeJobs } from './effects/jobs/admin/pause-jobs.ts'
export { type RedrivenJobs, redriveJobs, type RedriveOptions } from './effects/jobs/admin/redrive-jobs.ts'
export { type RetriedJob, retryJob } from './effects/jobs/admin/retry-job.ts'
export { showJob } from './effects/jobs/admin/show-job.ts'
export { type SkippedJob, skipJob } from './effects/jobs/admin/skip-job.ts'
export type {
  JobFailure,
  JobWorker,
  ListedJob,
  StoredJob,
  StoredStep,
} from './effects/jobs/admin/stored-job.ts'
export { type JobState, jobStates } from './effects/jobs/states.ts'
export type { StatementClient } from './storage/postgres/statement/statement-client.ts'
