import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'

const redirects = `${src}/kernel/operation/redirects.ts`
const redirectsTest = `${src}/kernel/operation/redirects.test.ts`
const declared = `${src}/kernel/operation/declared-response.ts`
const respondTest = `${src}/kernel/operation/respond.postgres.test.ts`

const crossSite = `${src}/kernel/call/stages/refuse-cross-site.ts`
const crossSiteTest = `${src}/transports/http/cross-site.test.ts`

const corsPolicy = `${src}/kernel/service/cors.ts`
const cors = `${src}/transports/http/answer/cors-headers.ts`
const corsTest = `${src}/transports/http/cors.test.ts`

/** Mutants of the headers, cookies and redirects of responses, and of the defences against CSRF. */
export const responseMutants: readonly Mutant[] = [
  {
    name: 'redirects: any target is allowed',
    file: redirects,
    text: "targets.includes(originOf(target) ?? '')",
    replacement: 'target.length >= 0',
    killedBy: [{ file: redirectsTest, name: 'is refused' }],
    why: 'A link to the service could lead to a fraudulent site.',
  },
  {
    name: 'redirects: a backslash is part of a path',
    file: redirects,
    text: " || target.includes('\\\\')",
    replacement: '',
    killedBy: [{ file: redirectsTest, name: 'is refused' }],
    why: 'Browsers read a backslash as a slash, so that a path becomes a host.',
  },
  {
    name: 'redirects: two slashes are a path',
    file: redirects,
    text: "return target.startsWith('//') ? undefined : '/'",
    replacement: "return '/'",
    killedBy: [{ file: redirectsTest, name: 'is refused' }],
    why: 'The text after two slashes is a host.',
  },
  {
    name: 'cookies: any value is accepted',
    file: `${src}/kernel/operation/cookie.ts`,
    text: 'if (!valueForm.test(value)) {',
    replacement: "if (value === 'never') {",
    killedBy: [{ file: `${src}/kernel/operation/cookie.test.ts`, name: 'the value' }],
    why: 'A value could add attributes to its cookie.',
  },
  {
    name: 'cookies: their response may be cached',
    file: declared,
    text: ", 'cache-control': 'no-store' }",
    replacement: ' }',
    killedBy: [{ file: respondTest, name: 'each cookie is a separate field' }],
    why: 'A cache could send the session of one caller to another.',
  },
  {
    name: 'headers: undeclared ones are sent',
    file: declared,
    text: 'if (!declared.has(lower)) throw',
    replacement: "if (lower === '') throw",
    killedBy: [{ file: respondTest, name: 'a call fails if its handler returns a part that is undeclared' }],
    why: 'A handler could replace headers of the framework.',
  },
  {
    name: 'headers: any value is sent',
    file: declared,
    text: 'if (!valueForm.test(value)) throw',
    replacement: "if (value === '') throw",
    killedBy: [{ file: respondTest, name: 'a call fails if its handler returns a part that is undeclared' }],
    why: 'A value with a line break could add headers.',
  },
  {
    name: 'cross-site: a mutation with a cookie is admitted without an origin',
    file: crossSite,
    text: "if (origin === 'unknown' && sent",
    replacement: "if (origin === 'never' && sent",
    killedBy: [{ file: crossSiteTest, name: 'without either header, a mutation is refused' }],
    why: 'A request from another site would count as one from the service if a proxy removes the headers.',
  },
  {
    name: 'cross-site: a sign-in is admitted from any site',
    file: crossSite,
    text: 'sent.length > 0 || (isAnonymous && setsCookies)',
    replacement: 'sent.length > 0',
    killedBy: [{ file: crossSiteTest, name: 'a sign-in is refused' }],
    why: 'A page could sign its visitors in to an account of the attacker.',
  },
  {
    name: 'cross-site: other hosts of the domain are trusted',
    file: crossSite,
    text: "return site === 'same-origin' ||",
    replacement: "return site === 'same-site' || site === 'same-origin' ||",
    killedBy: [{ file: crossSiteTest, name: 'same-site' }],
    why: 'A forgotten subdomain could change the data of its visitors.',
  },
  {
    name: 'cross-site: any Origin is trusted',
    file: crossSite,
    text: 'URL.parse(origin)?.host === host',
    replacement: "URL.parse(origin)?.host !== ''",
    killedBy: [{ file: crossSiteTest, name: 'another host' }],
    why: 'Browsers without Sec-Fetch-Site would send forged requests.',
  },
  {
    name: 'cors: every origin may read responses',
    file: cors,
    text: 'if (!origins.has(origin)) return undefined',
    replacement: '',
    killedBy: [{ file: corsTest, name: 'another origin may not read a response' }],
    why: 'A page on any site could read the data of its visitors.',
  },
  {
    name: 'cors: responses do not vary with the origin',
    file: cors,
    text: "origins === '*' ? answer : varying(answer, 'Origin')",
    replacement: 'answer',
    killedBy: [{ file: corsTest, name: 'varies with the origin' }],
    why: 'A cache could return the response for one origin to a page of another.',
  },
  {
    name: 'cors: origins without credentials pass the check for requests from other sites',
    file: corsPolicy,
    text: "policy?.credentials && policy.origins !== '*'",
    replacement: "policy && policy.origins !== '*'",
    killedBy: [{ file: corsTest, name: 'does not admit requests with cookies' }],
    why: 'A page that may only read public data could send mutations with the cookies of its visitors.',
  },
  {
    name: 'cors: origins with credentials do not pass the check for requests from other sites',
    file: crossSite,
    text: "if (origin !== undefined && trusted.has(origin)) return 'same'",
    replacement: '',
    killedBy: [{ file: corsTest, name: 'an origin with credentials may send them' }],
    why: 'A web application on another host could not sign its users in.',
  },
]
