/**
 * SQL that matches rows of `holdfast.jobs` by the claims in $1 (ids) and $2 (claims), if they run.
 *
 * The planner does not know the length of an array that a subquery makes, and takes it for short: so it always finds the
 * rows by their primary key. If it knew, a plan that was made while the table was small would read all of it later.
 */
export const byClaim = `jobs.id = any (array(select unnest($1::uuid[])))
        and (jobs.id, jobs.claim) in (select id, claim from unnest($1::uuid[], $2::int[]) as claimed (id, claim))
        and jobs.state = 'running'`
