import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Service } from 'holdfast'
import { usageInvalid } from './usage-invalid.ts'

/**
 * Imports a module, and returns the service that it exports.
 *
 * @param name the export; `undefined` if the module exports only one service.
 * @throws HoldfastError `usage-invalid`, or the error of the module.
 */
export async function loadService(module: string, name: string | undefined): Promise<Service> {
  const path = resolve(module)
  if (!existsSync(path)) throw usageInvalid(`${module}: file not found.`)
  const exports = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
  const services = Object.entries(exports).filter((entry): entry is [string, Service] => isService(entry[1]))
  const found = new Map(services)
  const names = [...found.keys()]
  const wanted = name ?? names[0]
  const service = wanted === undefined ? undefined : found.get(wanted)
  if (!service) {
    throw usageInvalid(
      name === undefined
        ? `${module} exports no service.`
        : `${module} has no service as its export ${name}.`,
    )
  }
  if (name === undefined && new Set(found.values()).size > 1)
    throw usageInvalid(
      `${module} exports several services; pass one of --export ${names.join(', --export ')}.`,
    )
  return service
}

// The module may contain a different copy of the framework, so the service's class is unknown.
function isService(value: unknown): value is Service {
  const { name, operations, start } = (value ?? {}) as Partial<Record<keyof Service, unknown>>
  return typeof name === 'string' && typeof operations === 'object' && typeof start === 'function'
}
