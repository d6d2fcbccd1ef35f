import { HoldfastError } from '../kernel/holdfast-error.ts'

/** The reason of what was aborted since another worker has the job: what it still does has no effect. */
export const jobLost: HoldfastError = new HoldfastError(
  'job-lost',
  'Another worker has taken the job over, since this one had not been heard of. Nothing of this attempt is kept.',
)

/** The failure of a step that did not begin, since no heartbeat of its worker has reached the database within the lease. */
export const leaseOver: HoldfastError = new HoldfastError(
  'job-lease-over',
  'No heartbeat of this worker has reached the database for 15 seconds, so another worker may run the job by now. The step was not begun. The job is run again, which does not count as an attempt.',
)

/** The failure of an attempt that could not be marked as begun, so that its handler did not run. */
export const jobNotBegun: HoldfastError = new HoldfastError(
  'job-not-begun',
  'The attempt could not be marked as begun, so its handler was not run. The job is run again, which does not count as an attempt.',
)

/** The reason of what was aborted since the job has been cancelled. */
export const jobCancelled: HoldfastError = new HoldfastError('job-cancelled', 'The job has been cancelled.')

/** The reason of what was aborted since its process ends: another one runs the job again. */
export const workerStopping: HoldfastError = new HoldfastError(
  'worker-stopping',
  'The process ends, and hands the job back. It is run again, which does not count as a further try.',
)
