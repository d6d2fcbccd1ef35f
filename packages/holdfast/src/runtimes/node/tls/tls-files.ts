import { unwatchFile, watchFile } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import { type Logger, toLogFields } from '../../../kernel/base/log.ts'
import { readTextFile } from '../settings/text-file.ts'
import type { TlsOptions } from './tls-options.ts'

/** The contents of the files of {@link TlsOptions}. */
export interface TlsContents extends SecureContextOptions {
  readonly cert: string
  readonly key: string
  readonly ca?: string
}

/**
 * Reads the files.
 *
 * @throws HoldfastError `configuration-invalid` if a file cannot be read, or if the key does not
 *   belong to the certificate.
 */
export function readTlsFiles({ certFile, keyFile, clientCaFile }: TlsOptions): TlsContents {
  const contents: TlsContents = {
    cert: read(certFile),
    key: read(keyFile),
    ...(clientCaFile === undefined ? {} : { ca: read(clientCaFile) }),
  }
  try {
    createSecureContext(contents)
    return contents
  } catch (error) {
    throw configurationInvalid([
      `The certificate ${certFile} and the key ${keyFile} cannot be used: ${(error as Error).message}.`,
    ])
  }
}

function read(path: string): string {
  const file = readTextFile(path)
  if (file.problem !== undefined) throw configurationInvalid([`TLS needs the file ${path}, ${file.problem}`])
  return file.text
}

/** The part of a TLS server that gets the contents of changed files. */
export interface TlsServer {
  setSecureContext(contents: TlsContents): void
}

// Files of a mounted volume change without an event, so the files are polled.
const interval = 1_000

/**
 * Passes changed file contents on to a server. Unusable contents, such as a certificate whose key
 * is not written yet, are logged and ignored.
 *
 * @returns a function that stops watching.
 */
export function watchTlsFiles(options: TlsOptions, server: TlsServer, log: Logger): () => void {
  const paths = [options.certFile, options.keyFile, options.clientCaFile].filter((path) => path !== undefined)
  const reload = (): void => {
    try {
      server.setSecureContext(readTlsFiles(options))
      log.info({ certFile: options.certFile }, 'TLS files read again')
    } catch (error) {
      log.error({ error: toLogFields(error) }, 'changed TLS files cannot be used')
    }
  }
  for (const path of paths) watchFile(path, { interval, persistent: false }, reload)
  return () => {
    for (const path of paths) unwatchFile(path, reload)
  }
}
