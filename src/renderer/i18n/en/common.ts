export const common = {
  appName: 'Exemplar Studio',
  cancel: 'Cancel',
} as const
