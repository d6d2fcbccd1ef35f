/** How many jobs of a pause have not ended. As SQL. */
export const countPending = `
        (select count(*) from holdfast.jobs where jobs.name = pauses.name and finished_at is null)::double precision as jobs`
