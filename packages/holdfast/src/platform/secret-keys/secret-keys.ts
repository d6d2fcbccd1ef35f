import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Sealer, Sealing } from '../../kernel/host/sealer.ts'

/*
 * Sealed data (AES-256-GCM):
 *
 *   version │ id of the secret key │ salt │ nonce │ ciphertext │ tag
 *      1              4               12     12                   16     bytes
 *
 * The encryption key is HKDF(HKDF(secret key, purpose) ‖ key material, salt). Each seal uses a new
 * salt, and so a new encryption key: the number of seals is not limited by the length of the nonce.
 * Everything before the ciphertext, the purpose and the context are authenticated.
 */

const version = 1
const idLength = 4
const saltLength = 12
const nonceLength = 12
const tagLength = 16
const headLength = 1 + idLength + saltLength + nonceLength

interface SecretKey {
  readonly id: Buffer
  readonly secret: Buffer
}

/**
 * The secret keys of a service. The first key is used for new data, and all keys are used to read
 * data. The keys themselves are never used; keys are derived from them for each purpose.
 */
export class SecretKeys implements Sealer {
  #keys: readonly SecretKey[]
  readonly #derived = new Map<string, readonly Buffer[]>()

  /** @param secrets The keys, at least one; each has at least 32 random bytes. */
  constructor(secrets: readonly Uint8Array[]) {
    this.#keys = toSecretKeys(secrets)
  }

  /**
   * Checks changed keys. Returns the function that replaces the keys, for all code that uses this
   * object.
   *
   * @throws HoldfastError `secret-key-in-use` if the keys lack the key that new data is encrypted
   *   with: data of the last seconds could not be read any more.
   */
  prepareReplacement(secrets: readonly Uint8Array[]): () => void {
    const keys = toSecretKeys(secrets)
    const inUse = this.#keys[0]!
    if (!keys.some(({ secret }) => secret.equals(inUse.secret))) throw keyInUse(inUse)
    return () => {
      this.#keys = keys
      this.#derived.clear()
    }
  }

  /**
   * Returns the key for new data of a purpose: 32 bytes, derived from the first secret key. The
   * purpose is a constant.
   */
  deriveKey(purpose: string): Buffer {
    return this.deriveKeys(purpose)[0]!
  }

  /**
   * Returns the keys for reading data of a purpose, one for each secret key, in the order of the
   * secret keys.
   */
  deriveKeys(purpose: string): readonly Buffer[] {
    return this.#derive(`holdfast key ${purpose}`)
  }

  /** Encrypts data with the first secret key. */
  seal(plain: Uint8Array, sealing: Sealing): Buffer {
    const head = Buffer.concat([Buffer.of(version), this.#keys[0]!.id, randomBytes(saltLength + nonceLength)])
    const key = encryptionKey(this.#sealingKeys(sealing)[0]!, head, sealing)
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(head)).setAAD(boundTo(head, sealing))
    return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }

  /**
   * Decrypts data that any of the secret keys has sealed.
   *
   * @throws HoldfastError `secret-key-unknown` if the secret key of the data is not in the list;
   *   `sealed-data-invalid` if the data was altered, or sealed with different parameters.
   */
  open(sealed: Uint8Array, sealing: Sealing): Buffer {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
    if (bytes.length < headLength + tagLength || bytes[0] !== version) throw dataInvalid(sealing)
    const head = bytes.subarray(0, headLength)
    const id = head.subarray(1, 1 + idLength)
    const candidates = this.#keys.flatMap((key, index) => (key.id.equals(id) ? [index] : []))
    if (candidates.length === 0) throw keyUnknown(id, sealing)
    for (const index of candidates) {
      const key = encryptionKey(this.#sealingKeys(sealing)[index]!, head, sealing)
      const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(head), { authTagLength: tagLength })
        .setAAD(boundTo(head, sealing))
        .setAuthTag(bytes.subarray(-tagLength))
      const plain = decipher.update(bytes.subarray(headLength, -tagLength))
      try {
        return Buffer.concat([plain, decipher.final()])
      } catch {
        // The data is not authentic, so `plain` is not returned.
      }
    }
    throw dataInvalid(sealing)
  }

  #sealingKeys({ purpose }: Sealing): readonly Buffer[] {
    return this.#derive(`holdfast seal ${purpose}`)
  }

  #derive(info: string): readonly Buffer[] {
    const known = this.#derived.get(info)
    if (known) return known
    const derived = this.#keys.map(({ secret }) => derive(secret, info))
    this.#derived.set(info, derived)
    return derived
  }
}

function toSecretKeys(secrets: readonly Uint8Array[]): readonly SecretKey[] {
  return secrets.map((secret) => ({
    id: derive(secret, 'holdfast key-id').subarray(0, idLength),
    secret: Buffer.from(secret),
  }))
}

/** Derives 32 bytes from a secret. `info` names their use. */
function derive(secret: Uint8Array, info: string, salt: Uint8Array | string = ''): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, 32))
}

function encryptionKey(base: Buffer, head: Buffer, { keyMaterial = '' }: Sealing): Buffer {
  const salt = head.subarray(1 + idLength, 1 + idLength + saltLength)
  return derive(Buffer.concat([base, Buffer.from(keyMaterial)]), 'holdfast seal', salt)
}

function nonceOf(head: Buffer): Buffer {
  return head.subarray(-nonceLength)
}

/** Returns the authenticated bytes. JSON separates the parts of the context unambiguously. */
function boundTo(head: Buffer, { purpose, context = [] }: Sealing): Buffer {
  return Buffer.concat([head, Buffer.from(JSON.stringify([purpose, ...context]))])
}

function keyInUse({ id }: SecretKey): HoldfastError {
  return new HoldfastError(
    'secret-key-in-use',
    `The changed SECRET_KEYS lack the key ${id.toString('hex')}, which this process encrypts new data with. Put a new key beside it; when all processes have both keys, move the new key to the front; remove the old key only after that.`,
  )
}

function keyUnknown(id: Buffer, { purpose }: Sealing): HoldfastError {
  return new HoldfastError(
    'secret-key-unknown',
    `Sealed data (${purpose}) cannot be opened, because its secret key ${id.toString('hex')} is not in SECRET_KEYS. Add the key to the end of SECRET_KEYS again, until no data needs it.`,
  )
}

function dataInvalid({ purpose }: Sealing): HoldfastError {
  return new HoldfastError(
    'sealed-data-invalid',
    `Sealed data (${purpose}) cannot be opened: it was altered, moved to another row, or sealed with other parameters.`,
  )
}
