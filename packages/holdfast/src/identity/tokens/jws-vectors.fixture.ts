import { constants, createHash, privateEncrypt, sign } from 'node:crypto'
import { signText, type TestKey } from './issuer.fixture.ts'

/*
 * Vectors of invalid signatures, similar to those of Project Wycheproof: edge cases of each
 * algorithm, made with the key itself if necessary.
 */

/** A signature that must be refused. */
export interface SignatureVector {
  readonly name: string
  readonly signature: Buffer
}

/** Returns invalid signatures of a text, for a key's algorithm. */
export function invalidSignatures(text: string, key: TestKey): readonly SignatureVector[] {
  const valid = signText(text, key.algorithm, key.privateKey)
  return [
    ...damaged(valid),
    ...(key.algorithm.startsWith('ES') ? ofEcdsa(valid, key) : []),
    ...(key.algorithm.startsWith('Ed') ? ofEd25519(valid) : []),
    ...(/^[RP]S/.test(key.algorithm) ? ofRsa(text, valid, key) : []),
  ].filter(({ signature }) => !signature.equals(valid))
}

/** Returns damaged signatures that are invalid for every algorithm. */
function damaged(valid: Buffer): readonly SignatureVector[] {
  const { length } = valid
  const positions = [0, 1, Math.floor(length / 2), length - 2, length - 1]
  return [
    ...positions.flatMap((at) =>
      [0x01, 0x80].map((bit) => ({
        name: `bit ${bit} of byte ${at} differs`,
        signature: Buffer.from(valid.map((byte, index) => (index === at ? byte ^ bit : byte))),
      })),
    ),
    { name: 'all bytes are 0', signature: Buffer.alloc(length) },
    { name: 'all bits are 1', signature: Buffer.alloc(length, 0xff) },
    { name: 'it is 1', signature: fixed(1n, length) },
    { name: 'the last byte is missing', signature: valid.subarray(0, -1) },
    { name: 'the first byte is missing', signature: valid.subarray(1) },
    { name: 'it has one byte', signature: Buffer.of(0) },
    { name: 'a byte follows', signature: Buffer.concat([valid, Buffer.alloc(1)]) },
    { name: 'a byte precedes', signature: Buffer.concat([Buffer.alloc(1), valid]) },
    { name: 'it is there twice', signature: Buffer.concat([valid, valid]) },
    { name: 'its bytes are reversed', signature: Buffer.from(valid).reverse() },
  ]
}

/** The orders of the groups. */
const orders: Readonly<Record<string, bigint>> = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ES512:
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
}

function ofEcdsa(valid: Buffer, { algorithm }: TestKey): readonly SignatureVector[] {
  const size = valid.length / 2
  const [r, s] = [toInteger(valid.subarray(0, size)), toInteger(valid.subarray(size))]
  const n = orders[algorithm]!
  const edges = {
    zero: 0n,
    one: 1n,
    'the order': n,
    'the order minus one': n - 1n,
    'the order plus one': n + 1n,
  }
  const pair = (name: string, one: bigint, other: bigint): SignatureVector => ({
    name,
    signature: Buffer.concat([fixed(one, size), fixed(other, size)]),
  })
  return [
    ...Object.entries(edges).flatMap(([name, edge]) => [
      pair(`r is ${name}`, edge, s),
      pair(`s is ${name}`, r, edge),
      pair(`r and s are ${name}`, edge, edge),
    ]),
    pair('r and s are exchanged', s, r),
    pair('r is negative', n - r, s),
  ]
}

/** The order of the base point of Ed25519. */
const order25519 = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n

function ofEd25519(valid: Buffer): readonly SignatureVector[] {
  const [point, scalar] = [valid.subarray(0, 32), valid.subarray(32)]
  const s = toInteger(Buffer.from(scalar).reverse())
  const withScalar = (name: string, value: bigint): SignatureVector => ({
    name,
    signature: Buffer.concat([point, fixed(value, 32).reverse()]),
  })
  // Points of small order, with which some implementations accept a signature for any message.
  const smallPoints = ['01', '00', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f']
  return [
    // The same signature in a different form (RFC 8032 section 8.4).
    withScalar('the order is added to S', s + order25519),
    withScalar('S is 0', 0n),
    withScalar('S is the order', order25519),
    withScalar('S is negative', order25519 - s),
    ...smallPoints.map((hex) => ({
      name: `R is the small point ${hex.slice(0, 2)}, and S is 0`,
      signature: Buffer.concat([Buffer.from(hex.padEnd(64, '0'), 'hex'), Buffer.alloc(32)]),
    })),
  ]
}

function ofRsa(
  text: string,
  valid: Buffer,
  { algorithm, privateKey, publicKey }: TestKey,
): readonly SignatureVector[] {
  const modulus = toInteger(Buffer.from(publicKey.export({ format: 'jwk' }).n as string, 'base64url'))
  const hash = `sha${algorithm.slice(-3)}`
  const digest = createHash(hash).update(text).digest()
  const pss = constants.RSA_PKCS1_PSS_PADDING
  const raw = (block: Buffer): Buffer =>
    privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, block)
  const block = (...parts: readonly Buffer[]): Buffer => {
    const content = Buffer.concat(parts)
    return Buffer.concat([content, Buffer.alloc(Math.max(0, valid.length - content.length))])
  }
  return [
    { name: 'the modulus is added', signature: fixed(toInteger(valid) + modulus, valid.length + 1) },
    {
      name: 'the salt is empty',
      signature: sign(hash, Buffer.from(text), { key: privateKey, padding: pss, saltLength: 0 }),
    },
    { name: 'it is signed with SHA-1', signature: sign('sha1', Buffer.from(text), privateKey) },
    { name: 'the digest has no algorithm', signature: privateEncrypt(privateKey, digest) },
    // Bleichenbacher's forgery of 2006: short padding, and bytes after the digest.
    {
      name: 'bytes follow the digest',
      signature: raw(block(Buffer.from('0001ffffffffffffffff00', 'hex'), sha256Prefix, digest)),
    },
    { name: 'the block is all zeros', signature: raw(Buffer.alloc(valid.length)) },
  ]
}

const sha256Prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex')

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}

/** Returns an integer in big-endian form, cut to a length. */
function fixed(value: bigint, length: number): Buffer {
  return Buffer.from(
    value
      .toString(16)
      .padStart(length * 2, '0')
      .slice(-length * 2),
    'hex',
  )
}
