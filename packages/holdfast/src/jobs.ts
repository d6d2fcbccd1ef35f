export { type CancelledJob, cancelJob } from './jobs/admin/cancel-job.ts'
export type { JobsOf } from './jobs/admin/find-service.ts'
export { listJobs, type ListJobsOptions } from './jobs/admin/list-jobs.ts'
export { type JobPause, listPauses, pauseJobs, resumeJobs } from './jobs/admin/pause-jobs.ts'
export { type RedrivenJobs, redriveJobs, type RedriveOptions } from './jobs/admin/redrive-jobs.ts'
export { type RetriedJob, retryJob } from './jobs/admin/retry-job.ts'
export { showJob } from './jobs/admin/show-job.ts'
export { type SkippedJob, skipJob } from './jobs/admin/skip-job.ts'
export {
  type JobFailure,
  type JobState,
  jobStates,
  type JobWorker,
  type ListedJob,
  type StoredJob,
  type StoredStep,
} from './jobs/admin/stored-job.ts'
export type { StatementClient } from './postgres/statement-client.ts'
