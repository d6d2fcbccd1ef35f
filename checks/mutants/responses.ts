import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'

const redirects = `${src}/kernel/operation/redirects.ts`
const redirectsTest = `${src}/kernel/operation/redirects.test.ts`
const declared = `${src}/kernel/operation/declared-response.ts`
const respondTest = `${src}/kernel/operation/respond.postgres.test.ts`

const crossSite = `${src}/kernel/call/stages/refuse-cross-site.ts`
const crossSiteTest = `${src}/transports/http/cross-site.test.ts`

/** Mutants of the headers, cookies and redirects of responses, and of the defence against CSRF. */
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
    killedBy: [{ file: respondTest, name: 'what a handler may not return' }],
    why: 'A handler could replace headers of the framework.',
  },
  {
    name: 'headers: any value is sent',
    file: declared,
    text: 'if (!valueForm.test(value)) throw',
    replacement: "if (value === '') throw",
    killedBy: [{ file: respondTest, name: 'what a handler may not return' }],
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
]
