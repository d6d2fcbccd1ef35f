/** The route of a query: `GET` and a path. Parameters are in braces: `GET /accounts/{id}`. */
export type QueryRoute = `GET /${string}`

/** The route of a mutation. */
export type MutationRoute = `${'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`

/** A parsed route. */
export interface Route {
  readonly method: string
  /** The path, with its parameters in braces. */
  readonly path: string
  /** The names of the path parameters, in order. */
  readonly parameters: readonly string[]
}

/** Parses a route. */
export function parseRoute(route: QueryRoute | MutationRoute): Route {
  const space = route.indexOf(' ')
  const path = route.slice(space + 1)
  const parameters = [...path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '')
  return { method: route.slice(0, space), path, parameters }
}

// Literal text must not contain characters that routers may interpret as a pattern: `*` and a
// leading colon.
const segmentForm =
  /^(?:[A-Za-z0-9._~!$&'()+,;=@%-][A-Za-z0-9._~!$&'()+,;=:@%-]*|\{[A-Za-z_][A-Za-z0-9_]*\})$/

/** Returns the issues of a route's path; empty if it is valid. */
export function checkRoute(route: Route): readonly string[] {
  const issues: string[] = []
  const segments = route.path === '/' ? [] : route.path.slice(1).split('/')
  for (const segment of segments) {
    if (segmentForm.test(segment)) continue
    issues.push(
      segment === ''
        ? `its path ${route.path} has an empty segment (a double or trailing slash)`
        : `the segment "${segment}" of its path must be plain text or one {parameter}`,
    )
  }
  const repeated = route.parameters.find((name, index) => route.parameters.indexOf(name) !== index)
  if (repeated !== undefined) issues.push(`its path has the parameter {${repeated}} twice`)
  return issues
}

/**
 * Returns a route without the names of its parameters. Two operations with the same shape would
 * match the same requests.
 */
export function shapeOf(route: Route): string {
  return `${route.method} ${route.path.replaceAll(/\{[^{}]*\}/g, '{}')}`
}

/**
 * Fills a path template such as `/accounts/{id}` from the members of a value, percent-encoding
 * each.
 */
export function fillPath(template: string, members: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/\{([^{}]*)\}/g, (_, name: string) =>
    encodeURIComponent(String(members[name]).toWellFormed()),
  )
}
