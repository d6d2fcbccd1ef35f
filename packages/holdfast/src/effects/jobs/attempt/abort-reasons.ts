import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/** The abort reason if another worker holds the job. The effects of this attempt are discarded. */
export const jobLost: HoldfastError = new HoldfastError(
  'job-lost',
  'Another worker rescued the job, because the heartbeats of this worker did not arrive in time. This attempt is rolled back.',
)

/**
 * The failure of a step that was not started because its worker's lease had ended: no heartbeat had
 * reached the database in time.
 */
export const leaseOver: HoldfastError = new HoldfastError(
  'job-lease-over',
  'No heartbeat of this worker reached the database for 15 seconds, so another worker may be running the job. The step was not started. This does not count as an attempt, and the job will be retried.',
)

/** The failure of an attempt that could not be marked as started, so its handler did not run. */
export const jobNotBegun: HoldfastError = new HoldfastError(
  'job-not-begun',
  'The attempt could not be marked as started, so its handler was not run. This does not count as an attempt, and the job will be retried.',
)

/** The abort reason if the job was cancelled. */
export const jobCancelled: HoldfastError = new HoldfastError('job-cancelled', 'The job was cancelled.')

/** The abort reason if the process is shutting down. Another process runs the job again. */
export const workerStopping: HoldfastError = new HoldfastError(
  'worker-stopping',
  'The process is stopping. It releases the job for another worker to run; this does not count as an attempt.',
)
