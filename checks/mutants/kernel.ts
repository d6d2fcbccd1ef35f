import type { Mutant } from './mutant.ts'

const access = 'packages/holdfast/src/kernel/operation/access/combine.ts'
const tests = 'packages/holdfast/src/kernel/operation/access/access.test.ts'

const callerRules = 'packages/holdfast/src/kernel/operation/access/caller-rules.ts'
const callerRulesTests = 'packages/holdfast/src/kernel/operation/access/caller-rules.test.ts'

const rowRuleTests = 'packages/holdfast/src/kernel/operation/access/row-rule.postgres.test.ts'

const identify = 'packages/holdfast/src/kernel/call/stages/identify.ts'
const identifierTests = 'packages/holdfast/src/kernel/operation/identifier.test.ts'
const identityCache = 'packages/holdfast/src/identity/cache/identity-cache.ts'
const identityCacheTests = 'packages/holdfast/src/identity/cache/identity-cache.test.ts'

/** Mutants of the identifiers and access rules. */
export const kernelMutants: readonly Mutant[] = [
  {
    name: 'access matrix: one rule of allOf is enough',
    file: 'packages/holdfast/src/kernel/operation/access/access-matrix.ts',
    text: "need === 'all' ? Math.min : Math.max",
    replacement: 'Math.max',
    killedBy: [{ file: 'packages/cli/src/access.test.ts', name: 'all rules of different kinds' }],
    why: 'A review would see access that the rules do not have.',
  },
  {
    name: 'Drizzle owns(): the condition omits the owner',
    file: 'packages/holdfast/src/databases/drizzle/owns.ts',
    text: 'ownedOnly ? where(caller) : isOfTenant(caller)',
    replacement: 'isOfTenant(caller)',
    killedBy: [
      {
        file: 'packages/holdfast/src/databases/drizzle/owns.postgres.test.ts',
        name: 'with owns, no operation',
      },
    ],
    why: 'Every user could read and change the rows of all users.',
  },
  {
    name: 'owns of Prisma: the row is not locked',
    file: 'packages/holdfast/src/databases/prisma/owns.ts',
    text: '    for update`',
    replacement: '    `',
    killedBy: [
      {
        file: 'packages/holdfast/src/databases/prisma/owns.postgres.test.ts',
        name: 'a mutation locks its row',
      },
    ],
    why: 'The row could change between the decision and the handler.',
  },
  {
    name: 'owns of Prisma: the condition omits the owner',
    file: 'packages/holdfast/src/databases/prisma/owns.ts',
    text: '...(ownedOnly ? where(caller) : isOfTenant(caller))',
    replacement: '...isOfTenant(caller)',
    killedBy: [
      {
        file: 'packages/holdfast/src/databases/prisma/owns.postgres.test.ts',
        name: 'no operation lets a caller',
      },
    ],
    why: 'Every user could read the rows of all users.',
  },
  {
    name: 'owns of SQL: the tenant is not in the condition',
    file: 'packages/holdfast/src/databases/assembly/owns.ts',
    text: 'sql`and ${name(tenant)} = ${caller.tenant ?? null}`',
    replacement: 'empty',
    killedBy: [
      {
        file: 'packages/holdfast/src/databases/assembly/owns.postgres.test.ts',
        name: 'can check the tenant',
      },
    ],
    why: 'A user could read the rows of the user with the same id in another tenant.',
  },
  {
    name: 'row rule: the decision about the row is ignored',
    file: 'packages/holdfast/src/kernel/call/stages/admit-row.ts',
    text: '    throw outcome\n',
    replacement: '    return next(call)\n',
    killedBy: [{ file: rowRuleTests, name: 'answers alike if the row is missing' }],
    why: 'Every caller could read and change the rows of others.',
  },
  {
    name: 'row rule: a refusal is stored as the answer of the key',
    file: 'packages/holdfast/src/kernel/call/stages/admit-row.ts',
    text: '    outcome.isRefusal = true\n',
    replacement: '',
    killedBy: [{ file: rowRuleTests, name: 'a refusal is not stored as the answer of the key' }],
    why: 'A caller who is admitted later would get the refusal for days.',
  },
  {
    name: 'row rule: a hidden row gets a 403',
    file: 'packages/holdfast/src/kernel/operation/access/row-rule.ts',
    text: "denied === 'forbidden' ? Forbidden() : missing()",
    replacement: 'Forbidden()',
    killedBy: [{ file: rowRuleTests, name: 'answers alike if the row is missing' }],
    why: 'A caller could find out which rows exist.',
  },
  {
    name: 'row rule: the check of the first attempt decides for all attempts',
    file: 'packages/holdfast/src/kernel/call/stages/admit-row.ts',
    text: '    if (!rowCheck) return next(call)\n',
    replacement: '    if (!rowCheck || call.row !== undefined) return next(call)\n',
    killedBy: [{ file: rowRuleTests, name: 'runs in each attempt of a mutation' }],
    why: 'A mutation could change a row that the caller has lost since the first attempt.',
  },
  {
    name: 'row rule: a check of an undeclared rule counts as a decision',
    file: 'packages/holdfast/src/kernel/call/stages/authorize.ts',
    text: 'access.checksRow === true && decision instanceof RowCheck',
    replacement: 'decision instanceof RowCheck',
    killedBy: [{ file: rowRuleTests, name: 'a check whose rule does not declare it admits no caller' }],
    why: 'A rule that was copied without checksRow would admit every caller to every row.',
  },
  {
    name: 'anyOf: a row that one rule refuses is admitted',
    file: access,
    text: 'if (!(outcome instanceof ProblemError)) return outcome\n',
    replacement: 'return outcome as never\n',
    killedBy: [{ file: rowRuleTests, name: 'combined with alternatives' }],
    why: 'The alternatives of a rule about a row would never be asked.',
  },
  {
    name: 'anyone: the reason may be empty',
    file: 'packages/holdfast/src/kernel/operation/access/access.ts',
    text: "rule.publicBecause.trim() !== ''",
    replacement: 'true',
    killedBy: [
      {
        file: 'packages/holdfast/src/kernel/service/service.test.ts',
        name: 'no reason to be public',
      },
    ],
    why: 'An operation could be public without a reason that a reviewer can judge.',
  },
  {
    name: 'hasScope: one of several scopes is enough',
    file: callerRules,
    text: 'scopes.every((scope) => granted.includes(scope))',
    replacement: 'scopes.some((scope) => granted.includes(scope))',
    killedBy: [{ file: callerRulesTests, name: 'readAndWrite as billing' }],
    why: 'A token that may only read could write.',
  },
  {
    name: 'recentlySignedIn: the age is not checked',
    file: callerRules,
    text: 'hasTime(caller) && clock.now() - caller.authenticatedAt.getTime() <= maxAgeMs',
    replacement: 'hasTime(caller)',
    killedBy: [{ file: callerRulesTests, name: 'sensitive as bob' }],
    why: 'A stolen session could change the password long after its sign-in.',
  },
  {
    name: 'service: the ids are not checked',
    file: callerRules,
    text: 'if (ids.length === 0 || ids.includes(caller.id)) return caller',
    replacement: 'return caller',
    killedBy: [{ file: callerRulesTests, name: 'billing as shipping' }],
    why: 'Every service could call the operations of one of them.',
  },
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
    text: 'if (decision instanceof ProblemError) return decision\n    const isCheck',
    replacement:
      'if (decision instanceof ProblemError && others.length === 0) return decision\n    const isCheck',
    killedBy: [{ file: tests, name: 'access to ann as service' }],
    why: 'A caller whom one rule refuses would be admitted.',
  },
  {
    name: 'allOf: each rule is asked about the first caller',
    file: access,
    text: 'admitByAll(others, withCaller(request, caller), all)',
    replacement: 'admitByAll(others, request, all)',
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
    killedBy: [{ file: identifierTests, name: 'invalid credentials get a 401' }],
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
  {
    name: 'identity cache: callers never expire',
    file: identityCache,
    text: '      if (isFresh(entry, nowMs)) {',
    replacement: '      if (entry) {',
    killedBy: [{ file: identityCacheTests, name: 'for less than a second' }],
    why: 'A revoked session would be accepted for as long as it is used.',
  },
  {
    name: 'identity cache: the age counts from the end of the look-up',
    file: identityCache,
    text: '{ caller: Object.freeze(caller), startedMs }',
    replacement: '{ caller: Object.freeze(caller), startedMs: call.clock.monotonicMs() }',
    killedBy: [{ file: identityCacheTests, name: 'the age counts from the start of the look-up' }],
    why: 'A caller that is revoked during its look-up would be accepted for more than a second.',
  },
  {
    name: 'identity cache: calls join a look-up of any age',
    file: identityCache,
    text: '!running || !isFresh(running, nowMs)',
    replacement: '!running',
    killedBy: [{ file: identityCacheTests, name: 'a caller that is revoked during its look-up' }],
    why: 'A call that begins long after a revocation could get the result of a look-up before it.',
  },
  {
    name: 'identity cache: a replaced look-up is stored',
    file: identityCache,
    text: 'if (this.#lookups.get(id) !== lookup) return\n',
    replacement: '',
    killedBy: [{ file: identityCacheTests, name: 'a replaced look-up does not end the one' }],
    why: 'A slow look-up would end a later one, and calls would start a third.',
  },
  {
    name: 'identity cache: a call that leaves fails the others',
    file: identityCache,
    text: 'if (!running.call.signal.aborted) throw error',
    replacement: 'throw error',
    killedBy: [{ file: identityCacheTests, name: 'does not fail the others' }],
    why: 'A client that disconnects would fail the calls of other connections with the same key.',
  },
  {
    name: 'identity cache: an aborted call starts a look-up',
    file: identityCache,
    text: 'call.signal.throwIfAborted()',
    replacement: '',
    killedBy: [{ file: identityCacheTests, name: 'does not fail the others' }],
    why: 'A look-up would use the database of a call that has ended.',
  },
  {
    name: 'identity cache: calls share no look-up',
    file: identityCache,
    text: 'this.#lookups.set(id, lookup)',
    replacement: '',
    killedBy: [{ file: identityCacheTests, name: 'concurrent calls share one look-up' }],
    why: 'A page with many requests would run the same look-up for each of them.',
  },
  {
    name: 'identity cache: no bound',
    file: identityCache,
    text: 'this.#entries.size > this.#options.maxEntries',
    replacement: 'false',
    killedBy: [{ file: identityCacheTests, name: 'the cache is bounded' }],
    why: 'The callers of a day would stay in memory.',
  },
  {
    name: 'identity cache: callers leave in the order in which they came',
    file: identityCache,
    text: '      this.#entries.delete(id)\n      if (isFresh',
    replacement: '      if (isFresh',
    killedBy: [{ file: identityCacheTests, name: 'the cache is bounded' }],
    why: 'Active callers would be looked up again, while others are kept.',
  },
  {
    name: 'identity cache: a shared caller can be changed',
    file: identityCache,
    text: 'Object.freeze(caller)',
    replacement: 'caller',
    killedBy: [{ file: identityCacheTests, name: 'a handler cannot change a caller' }],
    why: 'A handler could change the caller of other calls.',
  },
  {
    name: 'identity cache: an invalid caller is stored',
    file: identityCache,
    text: '    checkCaller(caller, this.#options.name)\n',
    replacement: '',
    killedBy: [{ file: identityCacheTests, name: 'an invalid caller is not remembered' }],
    why: 'The defect would stay for a second after its cause is gone.',
  },
  {
    name: 'identity cache: keys hashed as UTF-8',
    file: identityCache,
    text: "Buffer.from(key, 'utf16le')",
    replacement: 'key',
    killedBy: [{ file: identityCacheTests, name: 'keys that differ only in invalid characters' }],
    why: 'Two different keys would have one caller.',
  },
  {
    name: 'identity cache: shared by services',
    file: 'packages/holdfast/src/kernel/operation/identifier.ts',
    text: 'identifier.forService?.(host) ?? identifier',
    replacement: 'identifier',
    killedBy: [
      {
        file: 'packages/holdfast/src/identity/cache/cached-identifier.postgres.test.ts',
        name: 'services with different databases share no callers',
      },
    ],
    why: 'A session of one database would be accepted by a service on another.',
  },
]
