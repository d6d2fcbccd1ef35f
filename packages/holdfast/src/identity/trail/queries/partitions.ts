import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** Creates the missing partitions of this month and of the next months. Returns their names. */
export function createPartitions(months: number): Statement {
  return {
    name: 'holdfast_create_trail_partitions',
    text: 'select name from holdfast.create_trail_partitions($1) as name',
    values: [months],
  }
}
