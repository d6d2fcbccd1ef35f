import { systemClock } from '../../../kernel/base/clock.ts'
import { type AnswerSource, createHttpServer, type HttpServer } from './http-server.ts'
import { listen } from './listen.ts'
import { readTlsFiles, type TlsServer, watchTlsFiles } from '../tls/tls-files.ts'
import type { Configuration } from '../settings/configuration.ts'

/** A listening server whose source of answers can be replaced. */
export interface Listener {
  readonly http: HttpServer
  readonly port: number
  /** The URL of the server for clients on this machine. */
  readonly url: string
  /** Replaces the source that answers requests. */
  answerWith(source: AnswerSource): void
  /** Stops listening, and ends all connections. */
  close(): void
}

/** Starts to listen, and answers from a source until another source replaces it. */
export async function openListener(
  initial: AnswerSource,
  { host, port: askedPort, limits, trustedProxies, trustClientCert, tls, log, notify }: Configuration,
): Promise<Listener> {
  let source = initial
  const http = createHttpServer(
    {
      answer: (request) => source.answer(request),
      refuse: (problem, request) => source.refuse(problem, request),
    },
    {
      limits,
      trustedProxies,
      trustClientCert,
      tls: tls && readTlsFiles(tls),
      log,
      clock: systemClock,
    },
  )
  if (tls) http.server.once('close', watchTlsFiles(tls, http.server as unknown as TlsServer, log))
  const port = await listen(http.server, { port: askedPort, host, notify })
  return {
    http,
    port,
    url: toUrl(tls ? 'https' : 'http', host, port),
    answerWith(other) {
      source = other
    },
    close() {
      http.server.close()
      http.server.closeAllConnections()
    },
  }
}

/** Returns the URL of a port for clients on this machine. The server may listen on any address. */
function toUrl(protocol: string, host: string, port: number): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `${protocol}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
