/**
 * SQL for the state of a job that is due: `limited` if its limits have to let it through first,
 * otherwise `ready`.
 */
export const readyOrLimited = `
          case
            when (limit_key is not null and not has_slot) or rate_key is not null then 'limited'
            else 'ready'
          end`
