def sub(p, pairs):
    s=open(p).read()
    for a,b in pairs:
        if a not in s: print('MISSING', p, repr(a)[:100])
        s=s.replace(a,b)
    open(p,'w').write(s)
sub('webhooks/queries/plan-deliveries.ts',[
("export function planDeliveries(service: string, messages: readonly OutgoingMessage[]): Statement {","export function planDeliveries(messages: readonly OutgoingMessage[]): Statement {"),
("as (id uuid, event text, owner text, body text)\n        ) with ordinality as message (id, event, owner, body, n)","as (id uuid, service text, event text, owner text, body text)\n        ) with ordinality as message (id, service, event, owner, body, n)"),
("      select $2, endpoint_id, id from wanted","      select service, endpoint_id, id from wanted"),
("    values: [JSON.stringify(messages), service],","    values: [JSON.stringify(messages)],"),
(" * Plans the delivery of messages, by a service, to"," * Plans the delivery of messages to"),
("  readonly id: string\n  readonly event: string\n  readonly owner: string\n","  readonly id: string\n  /** The service that published it, and whose jobs send it. */\n  readonly service: string\n  readonly event: string\n  readonly owner: string\n"),
])
sub('webhooks/message-subscriber.ts',[
("  function toOutgoing(message: Message<Json>)","  function toOutgoing(message: PublishedMessage)"),
("    const { id, event, payload, publishedAt } = message","    const { id, service, event, payload, publishedAt } = message"),
("({ id, event, owner, body })","({ id, service, event, owner, body })"),
])
sub('outbox/outbox.fixture.ts',[("new TransactionJobs(session, waker)","new TransactionJobs(session, { service: testService, waker })")])
