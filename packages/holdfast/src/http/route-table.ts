import { RegExpRouter } from 'hono/router/reg-exp-router'
import { SmartRouter } from 'hono/router/smart-router'
import { TrieRouter } from 'hono/router/trie-router'
import type { Route } from '../kernel/route.ts'
import { canonicalPath } from './target.ts'

/** A route, and what answers its requests. */
export interface RouteEntry<Target> {
  readonly route: Route
  readonly target: Target
  /** The name of the operation that it calls; `undefined` for a page. */
  readonly operation?: string
}

/** What a request's method and path lead to. */
export interface RouteMatch<Target> {
  readonly entry: RouteEntry<Target>
  /** The path's parameters, still percent-encoded. */
  readonly parameters: Readonly<Record<string, string>>
}

/** Every route of a service. */
export interface RouteTable<Target> {
  /** What answers a method on a path in its canonical spelling. */
  find(method: string, path: string): RouteMatch<Target> | undefined
  /** The methods that a path takes, in the form of an `Allow` header; empty where no route has the path. */
  allow(path: string): string
  /** The methods of all routes together. */
  readonly allowAny: string
}

/**
 * Builds the table. Where several routes have a path, the one with fixed text where the other has a parameter answers,
 * read from the left; the entries of `fallbacks` only answer what no other does.
 */
export function createRouteTable<Target>(
  entries: readonly RouteEntry<Target>[],
  fallbacks: readonly RouteEntry<Target>[] = [],
): RouteTable<Target> {
  const router = new SmartRouter<RouteEntry<Target>>({ routers: [new RegExpRouter(), new TrieRouter()] })
  const ordered = [...entries.toSorted((a, b) => comparePaths(a.route.path, b.route.path)), ...fallbacks]
  // Of the routes that fit, the router gives the one first that was added first.
  for (const entry of ordered) router.add(entry.route.method, toPattern(entry.route.path), entry)
  const methods = new Set(ordered.map(({ route }) => route.method))

  function find(method: string, path: string): RouteMatch<Target> | undefined {
    // A method is whatever a client sends, and the router looks it up in plain objects.
    if (!methods.has(method)) return undefined
    const [candidates, values] = router.match(method, path)
    const first = candidates[0]
    if (!first) return undefined
    const [entry, places] = first
    // The router's one implementation gives the parameters, its other their places among the values.
    return {
      entry,
      parameters: values ? valuesAt(places as Places, values) : (places as Record<string, string>),
    }
  }

  return {
    find: (method, path) => find(method === 'HEAD' ? 'GET' : method, path),
    allow: (path) => toAllow([...methods].filter((method) => find(method, path))),
    allowAny: toAllow([...methods]),
  }
}

/** Where among the values of a path each of its parameters stands. */
type Places = Readonly<Record<string, number>>

function valuesAt(places: Places, values: readonly string[]): Record<string, string> {
  const parameters: Record<string, string> = {}
  for (const name in places) parameters[name] = values[places[name]!]!
  return parameters
}

/** A path in the router's own form. Literal segments are spelled as requests are, so that none looks like its syntax. */
function toPattern(path: string): string {
  return path
    .split('/')
    .map((segment) => (isParameter(segment) ? `:${segment.slice(1, -1)}` : canonicalPath(segment)))
    .join('/')
}

function isParameter(segment: string): boolean {
  return segment.startsWith('{')
}

/** Orders paths so that of two that fit one request the more precise comes first. */
function comparePaths(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')]
  for (const [index, segment] of left.entries()) {
    const other = right[index]
    if (other === undefined) break
    if (isParameter(segment) !== isParameter(other)) return isParameter(segment) ? 1 : -1
  }
  return left.length - right.length
}

function toAllow(methods: readonly string[]): string {
  if (methods.length === 0) return ''
  const all = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...all, 'OPTIONS'].sort().join(', ')
}
