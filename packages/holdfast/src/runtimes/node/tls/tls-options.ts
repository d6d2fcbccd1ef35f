/** Files of a server that listens with TLS. They are read again when they change. */
export interface TlsOptions {
  /**
   * The path of the server's certificate, followed by those of its intermediate authorities, in
   * PEM.
   */
  readonly certFile: string
  /** The path of the certificate's private key, in PEM. */
  readonly keyFile: string
  /**
   * The path of the authorities whose client certificates are accepted, in PEM. A client may then
   * send a certificate; a connection with any other certificate is closed. Default: clients are not
   * asked for certificates.
   */
  readonly clientCaFile?: string
}
