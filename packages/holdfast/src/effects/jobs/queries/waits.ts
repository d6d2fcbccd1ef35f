import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** A message that a job waits for. */
export interface AwaitedMessage {
  /** The service that publishes the message. */
  readonly publisher: string
  readonly event: string
  readonly key: string
}

/**
 * Locks these events and keys, in a fixed order, until the transaction ends. So no message is
 * missed: a job starts to wait either before or after a process delivers the message.
 */
export function lockMessages(awaited: readonly AwaitedMessage[]): Statement {
  return {
    name: 'holdfast_lock_messages',
    text: `
      select pg_advisory_xact_lock(id) from (
        select distinct hashtextextended('holdfast wait ' || publisher || ' ' || event || ' ' || key, 0) as id
        from unnest($1::text[], $2::text[], $3::text[]) as awaited (event, key, publisher)
        order by 1
      ) as ids`,
    values: [
      awaited.map(({ event }) => event),
      awaited.map(({ key }) => key),
      awaited.map(({ publisher }) => publisher),
    ],
  }
}

/**
 * Makes a step wait for a message, or completes it with the first matching message published since
 * the job was enqueued.
 */
export function awaitMessage(
  job: string,
  step: string,
  { publisher, event, key }: AwaitedMessage,
): Statement {
  return {
    name: 'holdfast_await_message',
    text: `
      with found as materialized (
        select json_build_object(
          'id', messages.id, 'event', messages.event, 'key', messages.key,
          'payload', messages.payload, 'publishedAt', messages.published_at
        ) as message
        from holdfast.messages, holdfast.jobs
        where messages.event = $3 and messages.key = $4 and messages.service = $5
          and jobs.id = $1 and messages.published_at >= jobs.enqueued_at
          and ${isSeenBy('messages.tenant', 'jobs.tenant')}
        order by messages.seq
        limit 1
      ), resolved as (
        update holdfast.job_steps set result = found.message, is_done = true
        from found where job_id = $1 and name = $2
        returning 1
      ), waiting as (
        insert into holdfast.job_waits (job_id, step, event, key, publisher)
        select $1, $2, $3, $4, $5 where not exists (select from found)
        on conflict (job_id, step) do nothing
      )
      select exists (select from found) as is_there`,
    values: [job, step, event, key, publisher],
  }
}

/** A message that has arrived. */
export interface ArrivedMessage extends AwaitedMessage {
  /** The tenant of the message. Default: no tenant. */
  readonly tenant?: string | undefined
  /**
   * The whole message as JSON text. Postgres must not parse it as `jsonb`, which rejects some texts
   * that JSON allows.
   */
  readonly json: string
}

/**
 * Ends the waits of jobs whose messages have arrived. If several messages match a wait, the first
 * message ends it. Returns a row for each job that continues.
 */
export function resolveWaits(messages: readonly ArrivedMessage[]): Statement {
  return {
    name: 'holdfast_resolve_waits',
    text: `
      with come as materialized (
        select distinct on (waits.job_id, waits.step) waits.job_id, waits.step, message.json::json as message
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) with ordinality
          as message (event, key, json, publisher, tenant, n)
        join holdfast.job_waits as waits
          on waits.event = message.event and waits.key = message.key and waits.publisher = message.publisher
        cross join lateral (
          select tenant from holdfast.jobs where jobs.id = waits.job_id offset 0
        ) as waiter
        where ${isSeenBy('message.tenant', 'waiter.tenant')}
        order by waits.job_id, waits.step, message.n
      ), ended as (
        delete from holdfast.job_waits as waits using come
        where waits.job_id = come.job_id and waits.step = come.step
      ), resolved as (
        update holdfast.job_steps as steps set result = come.message, is_done = true
        from come where steps.job_id = come.job_id and steps.name = come.step and not steps.is_done
      )
      update holdfast.jobs set run_at = now()
      from (select distinct job_id from come) as woken
      where jobs.id = woken.job_id and jobs.state = 'waiting'
      returning jobs.service`,
    values: [
      messages.map(({ event }) => event),
      messages.map(({ key }) => key),
      messages.map(({ json }) => json),
      messages.map(({ publisher }) => publisher),
      messages.map(({ tenant }) => tenant ?? null),
    ],
  }
}

/**
 * Returns an SQL condition: a job of one tenant does not see the messages of another tenant. A
 * message or a job without a tenant belongs to the service itself.
 */
function isSeenBy(message: string, job: string): string {
  return `(${message} is null or ${job} is null or ${message} = ${job})`
}

/** Ends a wait that has timed out, unless its message has arrived since. */
export function giveUpWaiting(job: string, step: string): Statement {
  return {
    name: 'holdfast_give_up_waiting',
    text: `
      with ended as (delete from holdfast.job_waits where job_id = $1 and step = $2)
      update holdfast.job_steps set is_done = true where job_id = $1 and name = $2 and not is_done`,
    values: [job, step],
  }
}
