/** The state of a job that may run now, as far as its limits allow, as SQL. */
export const readyOrGated = `
          case
            when (limit_key is not null and not has_place) or rate_key is not null then 'gated'
            else 'ready'
          end`
