import { AppError, cancelled } from '../../shared/errors.ts'
import type { CallSpec, MediaAnswer } from '../../shared/contract/define.ts'
import { envelopeSchema, fromWire } from '../../shared/contract/wire.ts'
import { z } from '../../shared/zod.ts'

/** How the page reads what the Node side answers, whatever carried it. */

/** The value of an envelope, checked against the contract. Throws the `AppError` it holds, or `Internal`. */
export function readAnswer(path: string, spec: Pick<CallSpec, 'out'>, envelope: unknown): unknown {
  try {
    const answer = envelopeSchema.parse(envelope)
    if (!answer.ok) throw AppError.fromRecord(answer.error)
    return spec.out.parse(answer.value)
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    throw new AppError('Internal', 'badAnswer', `The answer to ${path} could not be read. Reload the page.`, {
      params: { call: path },
      cause: error,
    })
  }
}

/** The bytes of a media answer. */
export async function readMedia(response: Response, signal: AbortSignal | undefined): Promise<MediaAnswer> {
  if (!response.ok) await refuse(response, signal)
  const bytes = new Uint8Array(await readBody(response.arrayBuffer(), signal))
  return { bytes, contentType: response.headers.get('Content-Type') ?? 'application/octet-stream' }
}

async function readBody<Body>(body: Promise<Body>, signal: AbortSignal | undefined): Promise<Body> {
  try {
    return await body
  } catch (error) {
    if (signal?.aborted === true) throw cancelled()
    throw error
  }
}

/** The envelope of a call's HTTP answer, unchecked. Throws for an answer that is none of ours. */
export async function readEnvelope(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
  const type = response.headers.get('Content-Type') ?? ''
  if (!type.startsWith('application/json')) return refuse(response, signal)
  return fromWire(await readBody(response.text(), signal))
}

/** Throws for an answer that is no envelope of ours, or a failed media request. */
async function refuse(response: Response, signal: AbortSignal | undefined): Promise<never> {
  if ((response.headers.get('Content-Type') ?? '').startsWith('application/json')) {
    const parsed = envelopeSchema.safeParse(fromWire(await readBody(response.text(), signal)))
    if (parsed.success && !parsed.data.ok) throw AppError.fromRecord(parsed.data.error)
  }
  if (response.status === 401 || response.status === 403) {
    throw new AppError(
      'Forbidden',
      'tokenRefused',
      'This page belongs to an earlier start of Exemplar Studio. Open the address it printed last.',
    )
  }
  throw new AppError('Io', 'httpStatus', `Exemplar Studio answered with status ${response.status}. Reload the page.`, {
    params: { status: response.status },
  })
}
