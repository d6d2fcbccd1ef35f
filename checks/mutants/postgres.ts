import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'

/** Mutants of pools, sessions and connections. */
export const postgresMutants: readonly Mutant[] = [
  {
    name: 'pool: a late connection is kept',
    file: `${src}/storage/postgres/pool/session-pool.ts`,
    text: '    if (index !== -1) this.#waiting.splice(index, 1)\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/own-work.postgres.test.ts`,
        name: 'a connection that arrives after its work has ended is released to the pool',
      },
    ],
    why: 'Each call whose deadline ends while it waits for a connection would permanently take one from the pool.',
  },
  {
    name: 'budget: a lane may use the reservations of others',
    file: `${src}/storage/postgres/pool/connection-budget.ts`,
    text: 'Math.max(other.open, other.min)',
    replacement: 'other.open',
    killedBy: [
      { file: `${src}/storage/postgres/pool/connection-budget.test.ts`, name: 'leaves room for the min' },
    ],
    why: 'Under many calls, the statements of the workers would wait for connections.',
  },
  {
    name: 'budget: connections outside of lanes do not count',
    file: `${src}/storage/postgres/pool/connection-budget.ts`,
    text: '    let used = this.#reserved\n',
    replacement: '    let used = 0\n',
    killedBy: [
      {
        file: `${src}/storage/postgres/pool/connection-budget.test.ts`,
        name: 'connections without a lane count',
      },
    ],
    why: 'A process would open more connections than its budget allows.',
  },
  {
    name: 'budget: no reservation for a lane that is added later',
    file: `${src}/storage/postgres/pool/connection-budget.ts`,
    text: 'other.open < other.min && !this.mayOpen(other)) return true',
    replacement: 'other.open < other.min && !this.mayOpen(other)) return false',
    killedBy: [
      {
        file: `${src}/storage/postgres/pool/connection-budget.test.ts`,
        name: 'a later lane gets its min as soon as a session is released',
      },
    ],
    why: 'A worker that starts in a process under load would get no connection as long as the load lasts.',
  },
  {
    name: 'budget: sessions move between lanes at once',
    file: `${src}/storage/postgres/pool/connection-budget.ts`,
    text: 'lane.open < lane.min ? 0 : surplusIdleMs',
    replacement: '0',
    killedBy: [
      { file: `${src}/storage/postgres/pool/connection-budget.test.ts`, name: 'not used for a second' },
    ],
    why: 'Mixed work would close and open connections all the time.',
  },
  {
    name: 'pool: a request waits for its own connection only',
    file: `${src}/storage/postgres/pool/session-pool.ts`,
    text: '    this.#opening += 1\n',
    replacement: '    this.#opening += 1\n    this.#waiting.shift()\n',
    killedBy: [
      {
        file: `${src}/storage/postgres/pool/session-pool.postgres.test.ts`,
        name: 'takes the connection that is free first',
      },
    ],
    why: 'A call whose new connection opens slowly would get a 503 although another connection is idle.',
  },
  {
    name: 'pool: the queue is unbounded',
    file: `${src}/storage/postgres/pool/session-pool.ts`,
    text: 'if (this.#waiting.length - this.#opening >= maxWaiting && !budget.mayOpen(this)) {',
    replacement: 'if (false) {',
    killedBy: [
      {
        file: `${src}/databases/assembly/connection-lanes.postgres.test.ts`,
        name: 'a call that finds the queue full is rejected at once with Retry-After',
      },
    ],
    why: 'Under overload, each call would wait, and its response would come too late.',
  },
  {
    name: 'TLS: require trusts every certificate',
    file: `${src}/storage/postgres/session/connection-url.ts`,
    text: "const isChecked = mode !== 'require' || authority !== undefined",
    replacement: "const isChecked = mode !== 'require'",
    killedBy: [
      {
        file: `${src}/storage/postgres/session/encrypted.postgres.test.ts`,
        name: 'sslmode require, host localhost',
      },
    ],
    why: 'An attacker in the middle could answer as the server.',
  },
  {
    name: 'TLS: verify-full takes any host',
    file: `${src}/storage/postgres/session/connection-url.ts`,
    text: "mode === 'verify-full' ? {} : { checkServerIdentity",
    replacement: "mode === ('' as string) ? {} : { checkServerIdentity",
    killedBy: [
      {
        file: `${src}/storage/postgres/session/encrypted.postgres.test.ts`,
        name: 'sslmode verify-full, host 127.0.0.1',
      },
    ],
    why: 'A server with a certificate of the same CA could answer for another.',
  },
  {
    name: 'TLS: production starts without',
    file: `${src}/databases/assembly/location.ts`,
    text: "readTls(parsed).isVerified || reason.trim() !== ''",
    replacement: 'true',
    killedBy: [{ file: `${src}/databases/assembly/verified.test.ts`, name: 'production does not start' }],
    why: 'Data and passwords would cross a network unencrypted, and nothing would report that.',
  },
  {
    name: 'role: kept for the statements of the framework',
    file: `${src}/storage/postgres/session/session-changes.ts`,
    text: 'return this.#hasRole ? resetRole : []',
    replacement: 'return []',
    killedBy: [
      {
        file: `${src}/storage/postgres/transaction/handler-role.postgres.test.ts`,
        name: 'a mutation and its job commit',
      },
    ],
    why: 'A mutation that changes its role could not commit.',
  },
  {
    name: 'flush: values are checked while they are sent',
    file: `${src}/storage/postgres/session/connection.ts`,
    text: 'const values = last.map((statement) => toSendable(statement.values))',
    replacement: 'const values = last.map(() => undefined)',
    killedBy: [{ file: `${src}/storage/postgres/session/flush.postgres.test.ts`, name: 'sends nothing' }],
    why: 'A COMMIT would be sent without the preceding statement, which the driver refused.',
  },
  {
    name: 'group: a statement after COMMIT shares its Sync',
    file: `${src}/storage/postgres/session/connection.ts`,
    text: `      const sent = this.#client.wire.group(() =>
        last.map((statement, index) => this.#sendSerialized(statement, values[index])),
      )
      // This statement is in a separate group, so that the server confirms COMMIT before it runs
      // the statement.
      if (after) sent.push(this.#sendSerialized(after, valuesAfter))
`,
    replacement: `      const sent = this.#client.wire.group(() => {
        const all = last.map((statement, index) => this.#sendSerialized(statement, values[index]))
        if (after) all.push(this.#sendSerialized(after, valuesAfter))
        return all
      })
`,
    killedBy: [
      {
        file: `${src}/storage/postgres/session/flush.postgres.test.ts`,
        name: 'COMMIT has its own Sync',
      },
    ],
    why: 'A successful COMMIT would be confirmed only after the statement that follows it.',
  },
  {
    name: 'group: the statement before BEGIN shares its Sync',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: 'const groups = before ? [[before], statements] : [statements]',
    replacement: 'const groups = before ? [[before, ...statements]] : [statements]',
    killedBy: [{ file: `${src}/effects/idempotency/final-answers.postgres.test.ts`, name: 'serializable' }],
    why: 'No serializable mutation with a key could begin (25001).',
  },
  {
    name: 'group: a skipped statement counts as prepared',
    file: `${src}/storage/postgres/wire/driver-group.ts`,
    text: '      delete connection.submittedNamedStatements[name]\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/flush.postgres.test.ts`,
        name: 'a statement that was skipped is not prepared',
      },
    ],
    why: 'The statement would fail in this session with 26000 until the session ends.',
  },
  {
    name: 'group: a lost connection confirms what was answered before',
    file: `${src}/storage/postgres/wire/driver-group.ts`,
    text: 'if (error.severity === undefined) {',
    replacement: 'if (error.severity === undefined && this.#at === 0) {',
    killedBy: [{ file: `${src}/storage/postgres/wire/driver-group.test.ts`, name: 'lost' }],
    why: 'A statement would succeed whose transaction has an unknown outcome.',
  },
  {
    name: 'group: a failure settles before ReadyForQuery',
    file: `${src}/storage/postgres/wire/driver-group.ts`,
    text: 'this.#session.onceReady(() => this.#settle(failed, error))',
    replacement: 'this.#settle(failed, error)',
    killedBy: [{ file: `${src}/storage/postgres/wire/driver-wire.test.ts`, name: 'readyForQuery' }],
    why: 'A transaction that the group has begun would count as not begun, and stay open.',
  },
  {
    name: 'driver: any version is accepted',
    file: `${src}/storage/postgres/session/driver-internals.ts`,
    text: 'driver.version !== undefined && driver.version !== knownVersion',
    replacement: 'driver.version === undefined',
    killedBy: [{ file: `${src}/storage/postgres/session/driver-internals.test.ts`, name: '' }],
    why: 'A driver whose internals have changed would make calls fail unpredictably.',
  },
  {
    name: 'interrupt: one that failed leaves the connection in the pool',
    file: `${src}/storage/postgres/session/statement-sender.ts`,
    text: 'if (!(await interruption)) this.#connection.destroy()',
    replacement: 'await interruption',
    killedBy: [{ file: `${src}/storage/postgres/session/interrupt.test.ts`, name: 'whose interrupt failed' }],
    why: 'A late request to cancel would hit the statement of the next call.',
  },
  {
    name: 'cancel request: in plain text',
    file: `${src}/storage/postgres/session/cancel.ts`,
    text: 'if (tls.options === undefined) ask(socket)',
    replacement: 'if (tls) ask(socket)',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/encrypted.postgres.test.ts`,
        name: 'a statement is cancelled over TLS, and its connection is kept',
      },
    ],
    why: 'An attacker who reads the network traffic could cancel every later statement of the connection.',
  },
  {
    name: 'cancel request: to a server that is not verified',
    file: `${src}/storage/postgres/session/cancel.ts`,
    text: 'connectTls({ ...options, ...namesOf(backend), socket })',
    replacement: 'connectTls({ ...options, ...namesOf(backend), socket, rejectUnauthorized: false })',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/encrypted.postgres.test.ts`,
        name: 'no cancel request is sent to a server that cannot be verified',
      },
    ],
    why: 'An attacker in the place of the server would get the key of the connection.',
  },
  {
    name: 'stale plans: the statement that failed keeps its name',
    file: `${src}/storage/postgres/session/statement-sender.ts`,
    text: 'this.#parts.prepared?.retire(text, name)',
    replacement: 'void [text, name]',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/stale-plans.postgres.test.ts`,
        name: 'no query fails because its table has changed',
      },
    ],
    why: 'After a schema change by hand, statements would fail until their sessions end.',
  },
  {
    name: 'stale plans: a session that has lost its statements stays',
    file: `${src}/storage/postgres/session/connection.ts`,
    text: ' || this.#sender.hasLostStatements',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/stale-plans.postgres.test.ts`,
        name: 'a session that has lost a prepared name does not fail',
      },
    ],
    why: 'Each call that gets the session would fail.',
  },
  {
    name: 'stale plans: another epoch renews no statement',
    file: `${src}/storage/postgres/session/prepared-statements.ts`,
    text: '    if (hasChanged) {',
    replacement: '    if (false) {',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/stale-plans.postgres.test.ts`,
        name: 'a statement is prepared again if the schema epoch has changed',
      },
    ],
    why: 'Values would be stored as the earlier type of their column, without a failure.',
  },
  {
    name: 'interrupt: only one cancel request',
    file: `${src}/storage/postgres/session/statement-sender.ts`,
    text: 'if (await settlesWithin(atRest, repeatMs)) return this.#client.failure === undefined',
    replacement: 'return settlesWithin(atRest, repeatMs)',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/cancel.postgres.test.ts`,
        name: 'a statement that catches its cancellation is cancelled again, and its connection is kept',
      },
    ],
    why: 'A statement that catches its cancellation would cost its connection.',
  },
  {
    name: 'release: a session in a transaction goes back to the pool',
    file: `${src}/storage/postgres/session/connection.ts`,
    text: "if (this.isBusy || this.#isBroken || this.transactionStatus !== 'I') return this.destroy()",
    replacement: 'if (this.isBusy || this.#isBroken) return this.destroy()',
    killedBy: [
      { file: `${src}/storage/postgres/session/interrupt.test.ts`, name: 'that is still in a transaction' },
    ],
    why: 'The next call would run in the transaction of another call.',
  },
  {
    name: 'session reset: locks are kept',
    file: `${src}/storage/postgres/session/session-reset.ts`,
    text: "  'select pg_catalog.pg_advisory_unlock_all()',\n",
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/session-state.postgres.test.ts`,
        name: 'a lock of a call is released before its session is used again',
      },
    ],
    why: 'A lock that a handler took would stay with a connection of the pool.',
  },
  {
    name: 'session reset: settings are kept',
    file: `${src}/storage/postgres/session/session-reset.ts`,
    text: "  'reset all',\n",
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/session-state.postgres.test.ts`,
        name: 'state that a query leaves behind does not reach the next call: ',
      },
    ],
    why: 'The next call would run with the search_path or the tenant that another handler has set.',
  },
  {
    name: 'session reset: never due',
    file: `${src}/storage/postgres/session/session-changes.ts`,
    text: '    this.#isChanged = true\n    const shape',
    replacement: '    const shape',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/session-state.postgres.test.ts`,
        name: 'state that a query leaves behind does not reach the next call: ',
      },
    ],
    why: 'All changes that a handler makes to its session would be visible to the next call.',
  },
  {
    name: 'pool of queries: its sessions may write',
    file: `${src}/storage/postgres/pool/pool.ts`,
    text: "...(isReadOnly ? { default_transaction_read_only: 'on' } : {}),",
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/pool/pool.postgres.test.ts`,
        name: 'sessions of queries are read-only and detect a disconnected client',
      },
    ],
    why: 'A query could write without a key and without a transaction.',
  },
  {
    name: 'start: settings that lose commits are not reported',
    file: `${src}/databases/assembly/find-pooler.ts`,
    text: 'if (!isDisposable) reportCommitsAtRisk(way.atRisk, log)',
    replacement: '',
    killedBy: [
      {
        file: `${src}/databases/assembly/commits-at-risk.postgres.test.ts`,
        name: 'a start warns of synchronous_commit = off of a database',
      },
    ],
    why: 'An operator would notice only after a crash that the database loses answered commits.',
  },
  {
    name: 'session settings: the limits of the role are inherited',
    file: `${src}/storage/postgres/session/session-settings.ts`,
    text: "  statement_timeout: '0',\n  lock_timeout: '0',\n  idle_in_transaction_session_timeout: '0',\n",
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/hostile-settings.postgres.test.ts`,
        name: 'settings of the database do not change the meaning of values',
      },
    ],
    why: 'A statement_timeout of the role would end heartbeats, claims and migrations.',
  },
  {
    name: 'session settings: idle sessions are closed',
    file: `${src}/storage/postgres/session/session-settings.ts`,
    text: "  idle_session_timeout: '0',\n",
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/hostile-settings.postgres.test.ts`,
        name: 'settings of the database do not change the meaning of values',
      },
    ],
    why: 'An idle_session_timeout of the role would close connections while calls take them from the pool.',
  },
]
