import type { Mode } from '../host/service-host.ts'

/** The start of a service, as its plugins see it. */
export interface CapabilityStart {
  readonly mode: Mode
  /** The settings of the application. */
  readonly settings: unknown
}

/** A plugin of a running service. */
export interface OpenCapability {
  /** Pages of the service, besides its operations. Default: none. */
  readonly pages?: readonly CapabilityPage[]
  /** Closes what the plugin holds. Called when the service stops, after its jobs have ended. */
  readonly close?: () => void | Promise<void>
}

/** A page of a plugin. An operation with the same route takes precedence. */
export interface CapabilityPage {
  /** The method and path: `GET /dev/mail/{id}`. */
  readonly route: `GET /${string}`
  /** The log message with the address of the page, at the start. Default: no message. */
  readonly announcement?: string
  readonly answer: (request: CapabilityPageRequest) => CapabilityPageAnswer
}

/** The request of a page. */
export interface CapabilityPageRequest {
  /** Returns a header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** The address of the connection, even if a trusted proxy reports another one. */
  readonly connectionAddress: string | undefined
  /** The path parameters, still percent-encoded. */
  readonly parameters: Readonly<Record<string, string>>
}

/** The answer of a page. */
export interface CapabilityPageAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
