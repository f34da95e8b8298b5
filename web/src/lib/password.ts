/** The host's rule, so that one sees it before sending: at least 8 characters, a letter and a digit, 72 bytes. */
export function passwordProblem(password: string): 'short' | 'plain' | 'long' | undefined {
  if ([...password].length < 8) return 'short'
  if (!/\p{L}/u.test(password) || !/\d/.test(password)) return 'plain'
  return new TextEncoder().encode(password).length > 72 ? 'long' : undefined
}

/** Without signs that look alike: it may be read out on the phone. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const LENGTH = 20

/** About 115 bits from the browser's own source of randomness. */
export function makePassword(): string {
  for (;;) {
    // 256 is no multiple of the alphabet's length: greater numbers are left out, or some signs would be likelier.
    const limit = 256 - (256 % ALPHABET.length)
    const bytes = crypto.getRandomValues(new Uint8Array(LENGTH * 4)).filter((byte) => byte < limit)
    const made = Array.from(bytes.slice(0, LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
    if (made.length === LENGTH && passwordProblem(made) === undefined) return made
  }
}
