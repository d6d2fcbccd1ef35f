import { RegExpRouter } from 'hono/router/reg-exp-router'
import { SmartRouter } from 'hono/router/smart-router'
import { TrieRouter } from 'hono/router/trie-router'
import type { Route } from '../../kernel/operation/route.ts'
import { canonicalPath } from './request/target.ts'

/** A route and its target, which answers the requests. */
export interface RouteEntry<Target> {
  readonly route: Route
  readonly target: Target
  /** The name of the operation; `undefined` for a page. */
  readonly operation?: string
}

/** The route that matches the method and path of a request. */
export interface RouteMatch<Target> {
  readonly entry: RouteEntry<Target>
  /** The path parameters, still percent-encoded. */
  readonly parameters: Readonly<Record<string, string>>
}

/** Every route of a service. */
export interface RouteTable<Target> {
  /**
   * Returns the match of a method and a path in canonical form; `undefined` if no route matches.
   */
  find(method: string, path: string): RouteMatch<Target> | undefined
  /**
   * Returns the methods of a path in the form of an `Allow` header; empty if no route matches the
   * path.
   */
  allow(path: string): string
  /** The methods of all routes, in the form of an `Allow` header. */
  readonly allowAny: string
}

/**
 * Creates the table. If several routes match a path, their segments are compared from left to
 * right, and a literal segment takes precedence over a parameter. The entries of `fallbacks` match
 * only requests that no other entry matches.
 */
export function createRouteTable<Target>(
  entries: readonly RouteEntry<Target>[],
  fallbacks: readonly RouteEntry<Target>[] = [],
): RouteTable<Target> {
  const router = new SmartRouter<RouteEntry<Target>>({ routers: [new RegExpRouter(), new TrieRouter()] })
  const ordered = [...entries.toSorted((a, b) => comparePaths(a.route.path, b.route.path)), ...fallbacks]
  // If several routes match, the router returns the route added first.
  for (const entry of ordered) router.add(entry.route.method, toPattern(entry.route.path), entry)
  const methods = new Set(ordered.map(({ route }) => route.method))

  function find(method: string, path: string): RouteMatch<Target> | undefined {
    // The client chooses the method, and the router looks it up in plain objects, which also have
    // inherited members.
    if (!methods.has(method)) return undefined
    const [candidates, values] = router.match(method, path)
    const first = candidates[0]
    if (!first) return undefined
    const [entry, indexes] = first
    // One implementation of the router returns the parameters themselves. The other returns their
    // indexes in the list of values.
    return {
      entry,
      parameters: values ? valuesAt(indexes as Indexes, values) : (indexes as Record<string, string>),
    }
  }

  return {
    find: (method, path) => find(method === 'HEAD' ? 'GET' : method, path),
    allow: (path) => toAllow([...methods].filter((method) => find(method, path))),
    allowAny: toAllow([...methods]),
  }
}

/** Each parameter's index among the values of a path. */
type Indexes = Readonly<Record<string, number>>

function valuesAt(indexes: Indexes, values: readonly string[]): Record<string, string> {
  const parameters: Record<string, string> = {}
  for (const name in indexes) parameters[name] = values[indexes[name]!]!
  return parameters
}

/**
 * Returns a path in the router's syntax. Literal segments are percent-encoded as in requests, so
 * the router reads no part of them as syntax.
 */
function toPattern(path: string): string {
  return path
    .split('/')
    .map((segment) => (isParameter(segment) ? `:${segment.slice(1, -1)}` : canonicalPath(segment)))
    .join('/')
}

function isParameter(segment: string): boolean {
  return segment.startsWith('{')
}

/** Orders paths: of two paths that match the same request, the more specific one comes first. */
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
