import { buildMain, buildRenderer } from './builds.ts'

/** `npm run build`: the page and the Node side, into `out/`. */
process.exitCode = buildRenderer() && buildMain() ? 0 : 1
