/**
 * SQL for the state of a job that is due: `gated` if its limits have to let it through first,
 * otherwise `ready`.
 */
export const readyOrGated = `
          case
            when (limit_key is not null and not has_place) or rate_key is not null then 'gated'
            else 'ready'
          end`
