declare module 'vitest' {
  interface TaskMeta {
    skipReason?: string
  }
}

/**
 * Options for a suite or test that some machines skip: why. The runner prints it beside the test's name.
 *
 * @example describe.skipIf(!hasData)('the main job', because(noDataReason), () => { … })
 */
export function because(skipReason: string): { readonly meta: { readonly skipReason: string } } {
  return { meta: { skipReason } }
}
