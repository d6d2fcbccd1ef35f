import type { CapabilityPage } from '../../kernel/background/open-capability.ts'
import { parseRoute } from '../../kernel/operation/route.ts'
import type { Responder } from './responder.ts'
import type { RouteEntry } from './route-table.ts'

/** Returns the route of a plugin's page. */
export function toRouteEntry({ route, answer }: CapabilityPage): RouteEntry<Responder> {
  return {
    route: parseRoute(route),
    target: ({ header, connection }, { parameters }) =>
      answer({ header, connectionAddress: connection?.peerAddress, parameters }),
  }
}
