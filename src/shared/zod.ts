import { z } from 'zod'

// Schemas must not be compiled with `new Function`: the page's content security policy
// forbids it, and even the probe for it is reported as a violation (zod #5414).
z.config({ jitless: true })

export { z }
