import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { OpenSecretManager, SecretManager } from '../secret-manager.ts'

/** Options of {@link awsSecretsManager}. */
export interface AwsSecretsManagerOptions {
  /** The region of the secrets. Default: the region of the SDK, such as `AWS_REGION`. */
  readonly region?: string
  /**
   * The address of the service, for a private endpoint. Default: the SDK's, such as
   * `AWS_ENDPOINT_URL_SECRETS_MANAGER`.
   */
  readonly endpoint?: string
}

/**
 * Reads secrets from AWS Secrets Manager: `aws:shop/bank#key`. The path is the name or the ARN of
 * the secret; `?stage=AWSPENDING` and `?version=…` select a version. Needs the package
 * `@aws-sdk/client-secrets-manager`, whose default chain finds the region and the credentials.
 *
 * @example
 * ```ts no-run
 * await serve(shop, { secrets: [awsSecretsManager({ region: 'eu-west-1' })] })
 * ```
 */
export function awsSecretsManager(options: AwsSecretsManagerOptions = {}): SecretManager {
  return { scheme: 'aws', open: () => openAws(options) }
}

// A retry cannot help before the secret, its policy or the credentials are changed.
const permanent: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'Check the name, the region and the version of the secret.',
  AccessDeniedException: 'Allow secretsmanager:GetSecretValue for the secret, and kms:Decrypt for its key.',
  InvalidParameterException: 'Check the name and the version of the secret.',
  InvalidRequestException: 'The secret may be scheduled for deletion.',
  DecryptionFailure: 'Allow kms:Decrypt for the key of the secret.',
  UnrecognizedClientException: 'The credentials are invalid.',
  InvalidSignatureException: 'The credentials are invalid, or the clock of this machine is wrong.',
  IncompleteSignature: 'The credentials are invalid.',
}

async function openAws({ region, endpoint }: AwsSecretsManagerOptions): Promise<OpenSecretManager> {
  const { GetSecretValueCommand, SecretsManagerClient } = await loadSdk()
  const client = new SecretsManagerClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    // The framework retries.
    maxAttempts: 1,
  })
  return {
    async read(path, { signal }) {
      const { name, stage, version } = parsePath(path)
      const command = new GetSecretValueCommand({ SecretId: name, VersionStage: stage, VersionId: version })
      try {
        const { SecretString, SecretBinary } = await client.send(command, { abortSignal: signal })
        const text = SecretString ?? (SecretBinary && Buffer.from(SecretBinary).toString('base64'))
        return { text, fields: fieldsOf(SecretString) }
      } catch (error) {
        throw toFailure(error, path)
      }
    },
    close: async () => client.destroy(),
  }
}

async function loadSdk() {
  try {
    return await import('@aws-sdk/client-secrets-manager')
  } catch (error) {
    // Another code is a defect of an installed package.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw configurationInvalid([
      'A variable refers to AWS Secrets Manager, but the package @aws-sdk/client-secrets-manager is not installed. Install it: npm install @aws-sdk/client-secrets-manager',
    ])
  }
}

function parsePath(path: string) {
  const [name = '', query = ''] = path.split('?', 2)
  const parameters = new URLSearchParams(query)
  const unknown = [...parameters.keys()].find((key) => key !== 'stage' && key !== 'version')
  if (unknown !== undefined) {
    throw new HoldfastError(
      'secret-unreadable',
      `The reference aws:${path} has the unknown parameter ${JSON.stringify(unknown)}. Use stage or version.`,
    )
  }
  return {
    name,
    stage: parameters.get('stage') ?? undefined,
    version: parameters.get('version') ?? undefined,
  }
}

/** Returns the fields of a secret that is a JSON object. */
function fieldsOf(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {}
  }
}

/** Returns the SDK's error without its request and response, which may contain secrets. */
function toFailure(error: unknown, path: string): HoldfastError {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  const isConfiguration = name === 'CredentialsProviderError' || /region is missing/i.test(message)
  const hint = isConfiguration ? 'Set AWS_REGION and credentials.' : permanent[name]
  const said = `AWS Secrets Manager did not return ${path.split('?', 1)[0]} (${name}: ${message}).`
  return hint === undefined
    ? new HoldfastError('secret-manager-unavailable', said)
    : new HoldfastError('secret-unreadable', `${said} ${hint}`)
}
