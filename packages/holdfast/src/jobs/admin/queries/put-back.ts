/** Has a job go on at once, as far as its limits allow, whatever it has come to. As SQL, behind `set`. */
export const putBack = `
          state = case
            when (jobs.limit_key is not null and not jobs.has_place) or (jobs.rate_key is not null and not jobs.has_turn) then 'gated'
            else 'ready'
          end,
          run_at = now(), is_cancelled = false, worker = null, finished_at = null, expires_at = null`
