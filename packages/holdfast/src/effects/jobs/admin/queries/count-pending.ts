/** SQL for the number of jobs of a paused name that have not ended. */
export const countPending = `
        (
          select count(*) from holdfast.jobs where jobs.service = pauses.service and jobs.name = pauses.name
        )::double precision as jobs`
