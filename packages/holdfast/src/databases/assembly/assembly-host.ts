import { noopExternalCallWatch } from '../../kernel/host/external-calls.ts'
import type { Sealer } from '../../kernel/host/sealer.ts'
import type { DatabaseHost } from '../../kernel/service/database.ts'
import { noTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { pollIntervalMs } from '../../effects/jobs/leadership/poll-interval.ts'
import { recordTrailOf } from '../../identity/trail/record-trail.ts'
import { waitStatements } from '../../effects/jobs/steps/wait-statements.ts'
import type { SecretKeySource } from '../../platform/secret-keys/open-secret-keys.ts'
import type { CapabilityEffects } from '../../storage/capability/database-capability.ts'
import type { GuardWatch } from '../../storage/statement-guard/handler-guard.ts'
import type { Binding } from './binding.ts'
import { type AssemblyHost, capabilities, type CapabilityOptions } from './capabilities.ts'
import { HandlerEffects } from './handler-effects.ts'
import type { Location, Route } from './location.ts'
import type { Connections } from './open-connections.ts'

/** The parts of a database being opened. */
export interface AssemblyParts {
  readonly options: CapabilityOptions
  readonly binding: Binding<unknown, unknown>
  readonly location: Location
  readonly direct: Route
  readonly connections: Connections
  readonly secretKeys: SecretKeySource
  readonly watch: GuardWatch | undefined
}

/**
 * Returns the host that the capabilities of a database share. It includes the functions that one
 * capability provides for another.
 */
export function assemblyHost(
  host: DatabaseHost,
  { options, binding, location, direct, connections, secretKeys, watch }: AssemblyParts,
): AssemblyHost {
  const { lanes, waker } = connections
  const assembled: AssemblyHost = {
    ...host,
    telemetry: host.telemetry ?? noTelemetry,
    externalCalls: host.externalCalls ?? noopExternalCallWatch,
    secretKeys,
    sealer: lazySealer(secretKeys),
    options,
    hasTenants: options.tenants !== undefined,
    binding,
    watch,
    waker,
    pools: lanes,
    openPool: lanes.openPool,
    openReplica: (target) =>
      lanes.openReplica({
        ...target,
        applicationName: `holdfast (replica ${location.replicas.indexOf(target.connectionString) + 1})`,
      }),
    reserveHeartbeat: lanes.reserveHeartbeat,
    replicaUrls: location.replicas,
    currentUrl: (url) => location.urls.current(url),
    heartbeatTarget: direct,
    bind: (session) => new HandlerEffects(session, effectParts),
    recordTrailOf: (operation) => recordTrailOf(host.service, operation),
    resolveWaits: waitStatements,
    pollMs: () => pollIntervalMs(waker),
  }
  const effectParts = { owner: assembled, binding, effects: effectsOf(assembled) }
  return assembled
}

/** Returns a sealer that opens the keys when they are needed, since most services need none. */
function lazySealer(secretKeys: SecretKeySource): Sealer {
  const keys = (): Sealer => secretKeys('the data that a library seals')
  return {
    deriveKeys: (purpose) => keys().deriveKeys(purpose),
    seal: (plain, sealing) => keys().seal(plain, sealing),
    open: (sealed, sealing) => keys().open(sealed, sealing),
  }
}

/** Returns the effects that the capabilities create. */
function effectsOf(host: AssemblyHost): Required<CapabilityEffects> {
  const all = capabilities.map(({ effects }) => effects?.(host))
  return Object.assign({}, ...all) as Required<CapabilityEffects>
}
