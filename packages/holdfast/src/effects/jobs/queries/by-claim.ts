/**
 * SQL condition for running jobs of `holdfast.jobs` by the claims in $1 (ids) and $2 (claims).
 *
 * The planner does not know the length of an array from a subquery and assumes a short one, so it
 * always uses the primary key. If it knew the length, a plan made while the table is small would
 * scan the whole table later.
 */
export const byClaim = `jobs.id = any (array(select unnest($1::uuid[])))
        and (jobs.id, jobs.claim) in (select id, claim from unnest($1::uuid[], $2::int[]) as claimed (id, claim))
        and jobs.state = 'running'`
