import { composeStages } from '../../kernel/call/pipeline.ts'
import type { OpenDatabase } from '../../kernel/service/database.ts'
import type { DatabaseCapability, OpenCapability } from '../../storage/capability/database-capability.ts'
import { requireAnswer } from '../../storage/postgres/session/connect-client.ts'
import { startWorker } from './start-worker.ts'

/**
 * Opens capabilities concurrently and combines them. If one cannot be opened, the others are closed
 * again.
 *
 * @throws HoldfastError `database-unreachable`, and the errors of the capabilities.
 */
export async function openCapabilities<Host>(
  capabilities: readonly DatabaseCapability<Host>[],
  host: Host,
): Promise<OpenDatabase> {
  const results = await Promise.allSettled(
    capabilities.map(async ({ open }) => open && requireAnswer(Promise.resolve(open(host)))),
  )
  await using opening = new AsyncDisposableStack()
  const opened = results.flatMap((result) =>
    result.status === 'fulfilled' && result.value ? [result.value] : [],
  )
  // Capabilities are closed concurrently, because they do not use one another.
  opening.defer(async () => void (await Promise.all(opened.map(async (capability) => capability.close?.()))))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  const closing = opening.move()
  return { ...combine(opened), close: () => closing.disposeAsync() }
}

/** Combines open capabilities into one open database. */
function combine(opened: readonly OpenCapability[]): Omit<OpenDatabase, 'close'> {
  const [signingKeys] = opened.flatMap((capability) => capability.signingKeys ?? [])
  return {
    signingKeys: signingKeys!,
    checks: Object.assign({}, ...opened.map(({ checks }) => checks)),
    stageFor: (operation, settings) =>
      composeStages(opened.map((capability) => capability.stageFor?.(operation, settings))),
    admissionFor: (operation) => firstOf(opened, (capability) => capability.admissionFor?.(operation)),
    preparationFor: (operation) => firstOf(opened, (capability) => capability.preparationFor?.(operation)),
    answerRefusedFor: (operation) =>
      firstOf(opened, (capability) => capability.answerRefusedFor?.(operation)),
    async register(background) {
      await requireAnswer(Promise.all(opened.map(async (capability) => capability.register?.(background))))
    },
    startWorker: (workload, options) => requireAnswer(startWorker(opened, workload, options)),
  }
}

/** Returns the part from the first capability that has one. */
function firstOf<Part>(
  opened: readonly OpenCapability[],
  partOf: (capability: OpenCapability) => Part | undefined,
): Part | undefined {
  for (const capability of opened) {
    const part = partOf(capability)
    if (part !== undefined) return part
  }
  return undefined
}
