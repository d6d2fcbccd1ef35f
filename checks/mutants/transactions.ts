import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'

/** Mutants of transactions and their savepoints. */
export const transactionMutants: readonly Mutant[] = [
  {
    name: 'commit: statements that are not awaited do not count',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: 'if (connection.isBusy) await abortable(connection.whenIdle(), deadline)',
    replacement: '',
    killedBy: [
      {
        file: `${src}/effects/idempotency/transaction.postgres.test.ts`,
        name: 'the commit waits for a statement that the handler did not await, but only until the deadline',
      },
      { file: `${src}/storage/postgres/transaction/transaction.test.ts`, name: 'waits for statements' },
    ],
    why: 'A COMMIT would be sent after a statement that runs beyond the deadline of the call.',
  },
  {
    name: 'commit: its tag is not read',
    file: `${src}/storage/postgres/transaction/commit-outcome.ts`,
    text: "if (commit.value.command !== 'COMMIT')",
    replacement: 'if (false)',
    killedBy: [
      {
        file: `${src}/storage/postgres/transaction/transaction.test.ts`,
        name: 'a COMMIT whose command tag is ROLLBACK',
      },
    ],
    why: 'A transaction that was rolled back would be reported as committed.',
  },
  {
    name: 'commit: a rejected one counts as rolled back, even if its session has ended',
    file: `${src}/storage/postgres/transaction/commit-outcome.ts`,
    text: ' && (await connection.isAlive())',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/transaction/transaction.test.ts`,
        name: 'the session has ended: unknown',
      },
    ],
    why: 'A server that ends sessions right after their commits would make committed mutations fail.',
  },
  {
    name: 'commit: an unanswered one keeps its connection',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: "    } catch (error) {\n      connection.destroy()\n      return { state: 'unknown', error }",
    replacement: "    } catch (error) {\n      return { state: 'unknown', error }",
    killedBy: [
      {
        file: `${src}/storage/postgres/transaction/transaction.test.ts`,
        name: 'and its connection is closed',
      },
    ],
    why: 'Finding the outcome would wait for a connection that never answers.',
  },
  {
    name: 'transaction marker: not set',
    file: `${src}/storage/postgres/transaction/transaction-marker.ts`,
    text: "return `set_config('holdfast.transaction', ${parameter}, true)`",
    replacement: "return `set_config('holdfast.transaction', ${parameter}, false)`",
    killedBy: [{ file: `${src}/storage/postgres/transaction/transaction-marker.postgres.test.ts`, name: '' }],
    why: 'Statements that a handler runs after its own COMMIT would commit as if they were in its transaction.',
  },
  {
    name: 'transaction control: tags are not compared with the text',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: 'if (!hasRunAsWritten(result.command, command)) {',
    replacement: 'if (false) {',
    killedBy: [{ file: `${src}/storage/postgres/transaction/transaction-marker.postgres.test.ts`, name: '' }],
    why: 'A command that the text of a statement hides would end the transaction unnoticed.',
  },
  {
    name: 'savepoints: a refused command changes the stack',
    file: `${src}/storage/postgres/transaction/savepoints.ts`,
    text: 'if (!hasSucceeded) return undefined',
    replacement: 'void hasSucceeded',
    killedBy: [{ file: `${src}/storage/postgres/transaction/savepoints.postgres.test.ts`, name: '' }],
    why: 'Jobs would be undone with a savepoint that was never created, or committed without their rows.',
  },
  {
    name: 'savepoints: a name finds the oldest',
    file: `${src}/storage/postgres/transaction/savepoints.ts`,
    text: 'this.#stack.findLastIndex(',
    replacement: 'this.#stack.findIndex(',
    killedBy: [{ file: `${src}/storage/postgres/transaction/savepoints.postgres.test.ts`, name: '' }],
    why: 'A ROLLBACK TO would undo jobs and messages whose rows are kept.',
  },
  {
    name: 'savepoints: unclear ones commit',
    file: `${src}/storage/postgres/transaction/savepoints.ts`,
    text: 'if (!this.#isUnclear && this.#sent.size === 0) return',
    replacement: 'if (true) return',
    killedBy: [
      {
        file: `${src}/storage/postgres/transaction/savepoints.test.ts`,
        name: 'a transaction with an unanswered command is not committed',
      },
      {
        file: `${src}/storage/postgres/transaction/savepoints.test.ts`,
        name: 'a transaction that was rolled back to an unknown savepoint is not committed',
      },
    ],
    why: 'Jobs whose rows were rolled back would be committed.',
  },
  {
    name: 'commit without a key: the marker is not checked',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: 'if (!this.#isChecked) return [...written, ...last]',
    replacement: 'return [...written, ...last]',
    killedBy: [
      {
        file: `${src}/storage/postgres/transaction/transaction-marker.postgres.test.ts`,
        name: 'after commit and chain that was not rejected, no key is stored and nothing more is committed (tag seen: false)',
      },
    ],
    why: 'A mutation without a key whose handler ended its transaction would succeed.',
  },
  {
    name: 'commit of a job: the marker is not checked',
    file: `${src}/effects/jobs/queries/finish.ts`,
    text: "transactionHolds('$4', '$5')}",
    replacement: "'$4::text is null or $5::oid is null'}",
    killedBy: [
      {
        file: `${src}/storage/postgres/transaction/transaction-marker.postgres.test.ts`,
        name: 'a job does not succeed in a transaction that it did not begin (tag seen: false)',
      },
    ],
    why: 'A job whose handler ended its transaction would count as succeeded, and its effects could happen twice.',
  },
  {
    name: 'first statement: not in the group of BEGIN',
    file: `${src}/storage/postgres/session/connection.ts`,
    text: 'this.#client.wire.group(() => {\n            const sent',
    replacement: '(<T>(begin: () => T): T => begin())(() => {\n            const sent',
    killedBy: [
      {
        file: `${src}/storage/postgres/transaction/first-statement.postgres.test.ts`,
        name: 'a first statement does not run if BEGIN fails',
      },
    ],
    why: 'If BEGIN failed, the first statement of a job would be committed although the job runs again.',
  },
  {
    name: 'first statement: kept although a migration was committed',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: 'if (!isNewEpoch) return true',
    replacement: 'if (!isNewEpoch || isNewEpoch) return true',
    killedBy: [
      {
        file: `${src}/storage/postgres/transaction/first-statement.postgres.test.ts`,
        name: 'a first statement that was prepared before a migration is prepared and run again',
      },
    ],
    why: 'A value would be stored with the type that its column had before the migration, without its last digits.',
  },
]
