import { startShell } from './shell.ts'

/** Entry of the desktop window. */

startShell()
