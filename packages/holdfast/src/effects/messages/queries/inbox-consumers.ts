/**
 * SQL for a recursive common table expression `consumers`: the consumers that have inbox rows, each
 * with its service. Reads only one inbox row per consumer.
 */
export const inboxConsumers = `
  consumers as (
    (select service, consumer from holdfast.inbox order by service, consumer limit 1)
    union all
    select next.service, next.consumer from consumers
    cross join lateral (
      select service, consumer from holdfast.inbox
      where (service, consumer) > (consumers.service, consumers.consumer)
      order by service, consumer
      limit 1
    ) as next
  )`
