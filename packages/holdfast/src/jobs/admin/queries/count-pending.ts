/** The number of jobs of a pause that have not ended, as SQL. */
export const countPending = `
        (
          select count(*) from holdfast.jobs where jobs.service = pauses.service and jobs.name = pauses.name
        )::double precision as jobs`
