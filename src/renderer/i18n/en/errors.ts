/** Sentences for `AppError.key`. A key without one here shows the error's own English message. */
export const errors = {
  unexpected: 'Something went wrong inside Exemplar Studio. Nothing saved is lost; reload the page.',
  reference: '(Log reference {{ref}}.)',
  connectionLost: 'Exemplar Studio does not answer. Start it again and open the address it prints.',
  tokenRefused: 'This page belongs to an earlier start of Exemplar Studio. Open the address it printed last.',
  cancelled: 'Cancelled.',
} as const
