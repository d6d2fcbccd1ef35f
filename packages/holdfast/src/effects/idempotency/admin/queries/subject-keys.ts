import type { Statement } from '../../../../storage/postgres/statement/statement.ts'
import { pageValues, theseIds } from '../../../subjects/queries/find-subject-rows.ts'
import type { SubjectInService, SubjectPage } from '../../../subjects/subject-source.ts'
import { leafName } from '../../queries/answers.ts'
import { subjectsName } from '../../queries/key-subjects.ts'
import { isSealedKey } from './stored-key-columns.ts'

// A leaf is one of the tables that hold the keys. An attempt close to a slot boundary may write its
// answer to two leaves. The second row is a copy: it is erased too, but not counted.

/** Finds a subject's keys in a leaf. */
export function findKeyIds(leaf: number, page: SubjectPage): Statement {
  return {
    text: `
      select found.id, (
        select count(*) filter (where not is_copy and fingerprint <> '')::int
        from ${leafName(leaf)} as keys where keys.id = found.id
      ) as keys
      from (
        select id from ${subjectsName(leaf)}
        where subject = $1 and service = $2 and id > $3
        order by id
        limit $4
      ) as found
      order by found.id`,
    values: pageValues(page),
  }
}

/** Reads keys with their answers. */
export function readKeyRows(leaf: number, ids: readonly string[]): Statement {
  return {
    text: `
      select 'idempotency-key' as kind, service, scope, key, status, headers,
        case when ${isSealedKey} then null else body end as body, ${isSealedKey} as "isSealed",
        created_at as "createdAt"
      from ${leafName(leaf)}
      where id = ${theseIds} and not is_copy and fingerprint <> ''
      order by id`,
    values: [ids],
  }
}

/**
 * Removes the answers and names of keys. The rows stay, with an empty fingerprint, so that the
 * calls do not run again.
 */
export function eraseKeyRows(
  leaf: number,
  { subject, service }: SubjectInService,
  ids: readonly string[],
): Statement {
  return {
    text: `
      with erased as (
        update ${leafName(leaf)} set
          scope = '', key = '', fingerprint = '', status = 410, headers = '{}', body = null
        where id = ${theseIds} and fingerprint <> ''
        returning is_copy
      ), forgotten as (
        delete from ${subjectsName(leaf)} where subject = $2 and service = $3 and id = ${theseIds}
      )
      select count(*) filter (where not is_copy)::int as keys from erased`,
    values: [ids, subject, service],
  }
}
