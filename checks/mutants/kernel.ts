import type { Mutant } from './mutant.ts'

const access = 'packages/holdfast/src/kernel/operation/access.ts'
const tests = 'packages/holdfast/src/kernel/operation/access.test.ts'

const identify = 'packages/holdfast/src/kernel/call/stages/identify.ts'
const identifierTests = 'packages/holdfast/src/kernel/operation/identifier.test.ts'

/** Mutants of the identifiers and access rules. */
export const kernelMutants: readonly Mutant[] = [
  {
    name: 'admission: the limit of statements does not hold in production',
    file: 'packages/holdfast/src/storage/statement-guard/handler-guard.ts',
    text: '    if (this.#isPart) throw error\n',
    replacement: '',
    killedBy: [
      {
        file: 'packages/holdfast/src/storage/reads/admission.postgres.test.ts',
        name: 'also holds in production',
      },
    ],
    why: 'An anonymous client could make an identifier run any number of statements.',
  },
  {
    name: 'allOf: a refusal is skipped',
    file: access,
    text: 'decision instanceof ProblemError || others.length === 0',
    replacement: 'others.length === 0',
    killedBy: [{ file: tests, name: 'access to ann as service' }],
    why: 'A caller whom one rule refuses would be admitted.',
  },
  {
    name: 'allOf: each rule is asked about the first caller',
    file: access,
    text: ': admitByAll(others, withCaller(request, decision))',
    replacement: ': admitByAll(others, request)',
    killedBy: [
      { file: tests, name: 'is checked rule by rule, each with the caller that the previous one returned' },
    ],
    why: 'A rule would check a caller without the tenant that the previous rule has added.',
  },
  {
    name: 'identify: rejected credentials are ignored',
    file: identify,
    text: 'if (!readsCookies(identifier)) throw error',
    replacement: '',
    killedBy: [{ file: identifierTests, name: 'invalid credentials are answered 401' }],
    why: 'A caller with a revoked token would be treated as anonymous, or as another caller.',
  },
  {
    name: 'identify: an invalid cookie ends the search',
    file: identify,
    text: 'if (!readsCookies(identifier)) throw error',
    replacement: 'throw error',
    killedBy: [{ file: identifierTests, name: 'a caller with only an invalid cookie is anonymous' }],
    why: 'A browser with an ended session could not sign in again.',
  },
  {
    name: 'cookies: the last of two cookies is used',
    file: 'packages/holdfast/src/kernel/operation/cookies.ts',
    text: 'values.has(name) ? undefined : ',
    replacement: '',
    killedBy: [{ file: identifierTests, name: 'a cookie that was sent twice is ignored' }],
    why: 'A site on a sibling domain could put its own session before that of the user.',
  },
  {
    name: 'peer: every X-Forwarded-For is believed',
    file: 'packages/holdfast/src/runtimes/node/server/trusted-proxies.ts',
    text: 'entries.length > 0 && this.#trusts(address)',
    replacement: 'entries.length > 0',
    killedBy: [
      {
        file: 'packages/holdfast/src/runtimes/node/server/trusted-proxies.test.ts',
        name: 'a forged entry before the entry of the proxy',
      },
    ],
    why: 'A client could choose its own address, and so evade limits by address.',
  },
  {
    name: 'admission: its statements are not limited',
    file: 'packages/holdfast/src/storage/reads/admission-database.ts',
    text: '{ deadline, span, usage, guard }',
    replacement: '{ deadline, span, usage }',
    killedBy: [
      {
        file: 'packages/holdfast/src/storage/reads/admission.postgres.test.ts',
        name: 'a call may run ten statements before its handler',
      },
    ],
    why: 'An access rule could read any number of rows before the caller is admitted.',
  },
]
