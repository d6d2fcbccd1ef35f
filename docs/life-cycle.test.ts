import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type DebianTool, debianTool } from '../packages/holdfast/test/debian-tool.ts'
import { readPages } from './testing/page.ts'

const pages = await readPages()
const { blocks } = pages.find(({ name }) => name === 'life-cycle')!
const textOf = (language: string): string =>
  blocks.find((block) => block.language === language)!.lines.join('\n')

let haproxy: DebianTool

beforeAll(async () => {
  haproxy = await debianTool('haproxy')
})

test('haproxy accepts the lines that the page shows', async (context) => {
  if (haproxy.path === undefined) return context.skip(haproxy.missing)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-docs-'))
  const file = join(folder, 'haproxy.cfg')
  const defaults = 'defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n'
  const frontend = 'frontend clients\n  bind 127.0.0.1:8080\n  default_backend shop\n'
  await writeFile(file, `${defaults}\n${frontend}\n${textOf('haproxy')}\n`)
  // Warnings count too.
  const { stdout, stderr } = await promisify(execFile)(haproxy.path, ['-c', '-dW', '-f', file])
  expect(stdout + stderr).toContain('Configuration file is valid')
  await rm(folder, { recursive: true })
})

test('the Kubernetes probes use existing routes, and fit into the grace period', () => {
  const { spec } = parse(textOf('yaml')) as {
    readonly spec: {
      readonly terminationGracePeriodSeconds: number
      readonly containers: readonly [Record<'livenessProbe' | 'readinessProbe', Probe>]
    }
  }
  const [{ livenessProbe, readinessProbe }] = spec.containers
  expect(livenessProbe.httpGet.path).toBe('/health/live')
  expect(readinessProbe.httpGet.path).toBe('/health/ready')
  expect(readinessProbe.timeoutSeconds).toBeGreaterThan(1)
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(20)
})

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: number }
  readonly timeoutSeconds: number
}
