import type { Statement } from '../../postgres/statement.ts'

/** What tells this database from others whose jobs are in the same Redis; its copies have other names. */
export function identifyDatabase(): Statement {
  return {
    text: `
      select left(encode(sha256(value || convert_to(current_database(), 'UTF8')), 'hex'), 12) as id
      from holdfast.secrets where name = 'cursor'`,
  }
}
