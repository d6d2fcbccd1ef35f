import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

/** The outcome of {@link skipDead}. */
export interface SkippedRow {
  readonly service: string
  readonly name: string
  readonly state: string
  /** The concurrency key of the slot that the job held; `null` if the job held no slot. */
  readonly freed_key: string | null
}

/**
 * Takes the slot from a dead job. The caller must release the slot. Returns no row if no ended job
 * has this id.
 */
export function skipDead(id: string): Statement {
  return {
    text: `
      with found as materialized (
        select id, service, name, state, case when has_slot then limit_key end as freed_key
        from holdfast.ended_jobs where id = $1 for update
      ), skipped as (
        update holdfast.ended_jobs set has_slot = false from found where ended_jobs.id = found.id and freed_key is not null
      )
      select service, name, state, freed_key from found`,
    values: [id],
  }
}
