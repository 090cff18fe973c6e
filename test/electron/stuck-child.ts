import { serveRequests } from '../../src/main/processes/child.ts'

/** A child that hears nothing any more once it is asked, for `processes.test.ts`. */

export type StuckKinds = { readonly stick: { readonly payload: null; readonly result: never } }

serveRequests<StuckKinds>(() => ({
  stick: () => {
    console.log('stuck')
    for (;;);
  },
}))
