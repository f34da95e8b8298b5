export interface FieldProblem {
  field: string
  message: string
}

/** A call that failed: what the host said (RFC 9457), or that it could not be reached (`status` 0). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'

  constructor(
    readonly status: number,
    detail: string,
    readonly requestId: string | null = null,
    readonly fields: readonly FieldProblem[] = [],
    readonly retryAfterSeconds: number | null = null,
    /** The host's word for it: `server-exists`. */
    readonly kind: string | null = null,
  ) {
    super(detail)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

function fieldProblems(value: unknown): FieldProblem[] {
  if (!Array.isArray(value)) return []
  return value.filter(isObject).flatMap((item) => {
    const field = text(item.field)
    const message = text(item.message)
    return field === null || message === null ? [] : [{ field, message }]
  })
}

const KIND = /^urn:pgvigil:problem:(.+)$/

/** Refusals of one field, of which the host speaks as of the whole. */
const TAKEN: Record<string, string> = { 'server-exists': 'name', 'ssh-key-exists': 'name', 'user-exists': 'login' }

/** `body` is whatever came: a proxy in between may answer with HTML. */
export function problemFrom(response: Response, body: unknown): ApiProblem {
  const fields = isObject(body) ? body : {}
  const retryAfter = Number.parseInt(response.headers.get('retry-after') ?? '', 10)
  const kind = KIND.exec(text(fields.type) ?? '')?.[1] ?? null
  const detail = text(fields.detail) ?? text(fields.title) ?? `HTTP ${response.status}`
  const taken = TAKEN[kind ?? '']
  return new ApiProblem(
    response.status,
    detail,
    text(fields.request_id) ?? response.headers.get('x-request-id'),
    taken === undefined ? fieldProblems(fields.errors) : [{ field: taken, message: detail }],
    Number.isNaN(retryAfter) ? null : retryAfter,
    kind,
  )
}

export const unreachable = (): ApiProblem => new ApiProblem(0, 'The host cannot be reached')

export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  return new ApiProblem(0, error instanceof Error ? error.message : String(error))
}
