import { isAppError } from '../../shared/errors.ts'
import { describeError } from '../i18n/describe-error.ts'
import { announce } from './session.ts'

/** Shows a failed action as a notice; a cancelled one was the user's own wish. */
export function notifyError(error: unknown): void {
  if (!isAppError(error, 'Cancelled')) announce(describeError(error), 'problem')
}
