import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/*
 * A strict stand-in for AWS Secrets Manager: it checks the signature (Signature Version 4) of each
 * request, and knows only GetSecretValue.
 */

/** A version of a secret. */
export interface AwsSecretVersion {
  readonly id: string
  readonly stage: string
  readonly text: string
}

/** A stand-in for AWS Secrets Manager. */
export class AwsServer implements AsyncDisposable {
  readonly region = 'eu-west-1'
  readonly accessKeyId = 'AKIATESTONLY'
  readonly secretAccessKey = 'the secret access key of the tests'
  readonly secrets = new Map<string, readonly AwsSecretVersion[]>()
  readonly denied = new Set<string>()
  readonly requests: string[] = []
  isDown = false
  readonly #server: Server = createServer((request, response) => {
    void this.#answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(body))
    })
  })

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const body = await text(request)
    if (this.isDown) return failure(500, 'InternalServiceError', 'down')
    if (!this.#isSigned(request, body))
      return failure(400, 'InvalidSignatureException', 'The request signature does not match.')
    if (request.method !== 'POST' || request.url !== '/')
      return failure(404, 'UnknownOperationException', 'no')
    if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
      return failure(400, 'UnknownOperationException', 'no')
    const { SecretId, VersionStage, VersionId, ...others } = JSON.parse(body) as Record<string, string>
    if (Object.keys(others).length > 0) return failure(400, 'InvalidParameterException', 'unknown field')
    this.requests.push([SecretId, VersionStage, VersionId].filter(Boolean).join(' '))
    if (this.denied.has(SecretId ?? '')) return failure(400, 'AccessDeniedException', 'not authorized')
    const version = this.secrets
      .get(SecretId ?? '')
      ?.find(({ id, stage }) => (VersionId ? id === VersionId : stage === (VersionStage ?? 'AWSCURRENT')))
    if (!version) return failure(400, 'ResourceNotFoundException', "Secrets Manager can't find the secret.")
    return {
      status: 200,
      body: {
        Name: SecretId,
        VersionId: version.id,
        VersionStages: [version.stage],
        SecretString: version.text,
      },
    }
  }

  /** Computes the signature of a request again (https://docs.aws.amazon.com/IAM/latest/UserGuide). */
  #isSigned({ method, url, headers }: IncomingMessage, body: string): boolean {
    const form =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/secretsmanager\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/
    const [, keyId, day, region, names = '', signature = ''] = form.exec(headers.authorization ?? '') ?? []
    const time = String(headers['x-amz-date'])
    const isCurrent =
      Math.abs(
        Date.now() -
          Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')),
      ) < 300_000
    if (keyId !== this.accessKeyId || region !== this.region || !isCurrent || !time.startsWith(day!))
      return false
    if (!['host', 'x-amz-date', 'x-amz-target'].every((name) => names.split(';').includes(name))) return false
    const canonical = [
      method,
      url,
      '',
      ...names.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
      '',
      names,
      sha256(body),
    ].join('\n')
    const scope = `${day}/${region}/secretsmanager/aws4_request`
    const key = [day!, region, 'secretsmanager', 'aws4_request'].reduce<Buffer>(
      (above, part) => hmac(above, part),
      Buffer.from(`AWS4${this.secretAccessKey}`),
    )
    const expected = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`)
    return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
  }
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}

function hmac(key: Buffer, value: string): Buffer {
  return createHmac('sha256', key).update(value).digest()
}

function failure(status: number, type: string, message: string) {
  return { status, body: { __type: type, message } }
}

/** Starts a stand-in for AWS Secrets Manager. */
export async function startAws(): Promise<AwsServer> {
  return new AwsServer().listen()
}
