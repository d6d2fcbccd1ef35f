import { AssertionError } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'

const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

/**
 * Returns the signatures that an editor shows for the marked places of a program, one line each.
 * They come from TypeScript's language server. A comment `^?` marks the place above its caret.
 */
export async function readHovers(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8')
  const uri = pathToFileURL(path).href
  await using server = startServer()
  await server.request('initialize', { processId: process.pid, rootUri: null, capabilities })
  server.notify('initialized', {})
  server.notify('textDocument/didOpen', {
    textDocument: { uri, languageId: 'typescript', version: 1, text },
  })
  const hovers: string[] = []
  for (const position of markedPlaces(text)) {
    const answer = await server.request('textDocument/hover', {
      textDocument: { uri },
      position,
    })
    hovers.push(signatureOf(answer))
  }
  return hovers
}

const capabilities = { textDocument: { hover: { contentFormat: ['markdown'] } } }

interface Place {
  readonly line: number
  readonly character: number
}

function markedPlaces(text: string): readonly Place[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      /^\s*\/\/ *\^\?$/.test(line) ? [{ line: index - 1, character: line.indexOf('^') }] : [],
    )
}

/** Returns the code of a hover without its documentation. */
function signatureOf(answer: unknown): string {
  const { contents } = (answer ?? {}) as { readonly contents?: { readonly value: string } }
  const code = /```\w*\n([\s\S]*?)\n```/.exec(contents?.value ?? '')?.[1] ?? ''
  return code.replaceAll(/\s+/g, ' ')
}

interface LanguageServer extends AsyncDisposable {
  request(method: string, params: unknown): Promise<unknown>
  notify(method: string, params: unknown): void
}

interface Message {
  readonly id?: number | string
  readonly method?: string
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** Starts the language server of the installed compiler (Language Server Protocol over stdio). */
function startServer(): LanguageServer {
  const server = spawn(process.execPath, [compiler, '--lsp', '--stdio'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const exited = once(server, 'exit')
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const send = (message: object): void => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  const receive = ({ id, method, result, error }: Message): void => {
    // The message is a request from the server, for example to register a capability. The server
    // waits for the answer.
    if (method !== undefined) {
      if (id !== undefined) send({ id, result: null })
      return
    }
    const request = waiting.get(Number(id))
    waiting.delete(Number(id))
    if (error) request?.reject(new AssertionError({ message: error.message }))
    else request?.resolve(result)
  }
  server.stdout.on('data', messageReader(receive))
  void exited.then(() => {
    for (const { reject } of waiting.values())
      reject(new AssertionError({ message: 'The language server has exited.' }))
  })
  let lastId = 0
  return {
    request(method, params) {
      lastId += 1
      const answered = Promise.withResolvers<unknown>()
      waiting.set(lastId, answered)
      send({ id: lastId, method, params })
      return answered.promise
    },
    notify: (method, params) => send({ method, params }),
    async [Symbol.asyncDispose]() {
      server.kill()
      await exited
    },
  }
}

/** Returns a reader that splits a stream into messages by their `Content-Length`. */
function messageReader(receive: (message: Message) => void): (chunk: Buffer) => void {
  let unread = Buffer.alloc(0)
  return (chunk) => {
    unread = Buffer.concat([unread, chunk])
    for (;;) {
      const headEnd = unread.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/.exec(unread.toString('latin1', 0, headEnd))?.[1])
      const start = headEnd + 4
      if (headEnd === -1 || unread.length < start + length) return
      receive(JSON.parse(unread.toString('utf8', start, start + length)) as Message)
      unread = unread.subarray(start + length)
    }
  }
}
