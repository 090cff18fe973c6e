import { isAppError } from '../../shared/errors.ts'
import { translateOr } from './index.ts'

const unexpected = 'Something went wrong inside Exemplar Studio. Nothing saved is lost; reload the page.'

/** One sentence for a person. Anything that is not an `AppError` is a bug and goes to the console too. */
export function describeError(error: unknown): string {
  if (!isAppError(error)) {
    console.error(error)
    return translateOr('errors.unexpected', {}, unexpected)
  }
  const sentence = translateOr(`errors.${error.key}`, { ...error.params, message: error.message }, error.message)
  if (error.ref === undefined) return sentence
  return `${sentence} ${translateOr('errors.reference', { ref: error.ref }, `(${error.ref})`)}`
}
