import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'

const passwords = `${src}/identity/passwords/passwords.ts`
const passwordsTest = `${src}/identity/passwords/passwords.test.ts`
const argon2id = `${src}/identity/passwords/argon2id.ts`
const argon2idTest = `${src}/identity/passwords/argon2id.test.ts`
const queue = `${src}/identity/passwords/bounded-queue.ts`

/** Mutants of accounts: passwords, sessions, and the operations for them. */
export const accountMutants: readonly Mutant[] = [
  {
    name: 'passwords: an unknown account is answered without a hash',
    file: passwords,
    text: 'const normal = normalized(password)\n    // A new',
    replacement:
      'if (stored === undefined) return { matches: false, rehashed: undefined }\n    const normal = normalized(password)\n    // A new',
    killedBy: [{ file: passwordsTest, name: 'an unknown account costs one verification' }],
    why: 'The time of a sign-in would show which addresses have accounts.',
  },
  {
    name: 'passwords: the hash that stands for unknown accounts matches',
    file: passwords,
    text: 'if (!matches || stored === undefined)',
    replacement: 'if (!matches && stored !== undefined)',
    killedBy: [{ file: passwordsTest, name: 'an unknown account costs one verification' }],
    why: 'A client could sign in to an account that does not exist.',
  },
  {
    name: 'passwords: a breached password is accepted',
    file: passwords,
    text: "if ((await this.#isBreached?.(normal, { signal })) === true) throw this.#refuse('breached')",
    replacement: '',
    killedBy: [{ file: passwordsTest, name: 'a breached password is refused' }],
    why: 'Attackers try breached passwords first.',
  },
  {
    name: 'passwords: Unicode forms differ',
    file: passwords,
    text: "return password.normalize('NFC')",
    replacement: 'return password',
    killedBy: [{ file: passwordsTest, name: 'another Unicode form' }],
    why: 'The owner of an account could not sign in from another keyboard.',
  },
  {
    name: 'passwords: any number of hashes waits',
    file: queue,
    text: 'if (this.isFull) throw refuse()',
    replacement: '',
    killedBy: [{ file: passwordsTest, name: 'beyond the limits' }],
    why: 'A flood of sign-ins would exhaust the memory, and calls would reach their deadlines.',
  },
  {
    name: 'passwords: an aborted call keeps its place',
    file: queue,
    text: '        this.#waiting.delete(waiting)\n        reject',
    replacement: '        reject',
    killedBy: [{ file: passwordsTest, name: 'frees its place' }],
    why: 'Aborted sign-ins would keep the queue full.',
  },
  {
    name: 'passwords: a stored hash may ask for any memory',
    file: argon2id,
    text: 'hash.memoryKiB <= maxima.memoryKiB &&',
    replacement: '',
    killedBy: [{ file: argon2idTest, name: 'too much memory is refused' }],
    why: 'A forged hash would exhaust the memory of the process.',
  },
]
