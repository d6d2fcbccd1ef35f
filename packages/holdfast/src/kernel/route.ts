/** A route that reads: `GET` and a path. A parameter stands in braces: `GET /accounts/{id}`. */
export type QueryRoute = `GET /${string}`

/** A route that changes something. */
export type MutationRoute = `${'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`

/** A route taken apart. */
export interface Route {
  readonly method: string
  /** With its parameters in braces. */
  readonly path: string
  /** The names of the path's parameters, in order. */
  readonly parameters: readonly string[]
}

/** Takes a route apart. */
export function parseRoute(route: QueryRoute | MutationRoute): Route {
  const space = route.indexOf(' ')
  const path = route.slice(space + 1)
  const parameters = [...path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '')
  return { method: route.slice(0, space), path, parameters }
}

// Plain text leaves out what a router may take for a pattern: * and a colon in front.
const segmentForm =
  /^(?:[A-Za-z0-9._~!$&'()+,;=@%-][A-Za-z0-9._~!$&'()+,;=:@%-]*|\{[A-Za-z_][A-Za-z0-9_]*\})$/

/** What is wrong with the path of a route; nothing where it is right. */
export function checkRoute(route: Route): readonly string[] {
  const issues: string[] = []
  const segments = route.path === '/' ? [] : route.path.slice(1).split('/')
  for (const segment of segments) {
    if (segmentForm.test(segment)) continue
    issues.push(
      segment === ''
        ? `its path ${route.path} has an empty segment (a doubled or trailing slash)`
        : `the segment "${segment}" of its path is neither plain text nor one {parameter}`,
    )
  }
  const repeated = route.parameters.find((name, index) => route.parameters.indexOf(name) !== index)
  if (repeated !== undefined) issues.push(`its path has the parameter {${repeated}} twice`)
  return issues
}

/** A route with its parameters unnamed: two operations of the same shape would answer the same requests. */
export function shapeOf(route: Route): string {
  return `${route.method} ${route.path.replaceAll(/\{[^{}]*\}/g, '{}')}`
}

/** A path template such as `/accounts/{id}` filled from the members of a value, each percent-encoded. */
export function fillPath(template: string, members: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/\{([^{}]*)\}/g, (_, name: string) =>
    encodeURIComponent(String(members[name]).toWellFormed()),
  )
}
