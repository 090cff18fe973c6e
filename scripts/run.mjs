// `node scripts/run.mjs TASK [arguments]`: sets up what is missing, then runs scripts/TASK.ts with the project's Node.
// Plain JavaScript for Node 20.
import { join } from 'node:path'
import { handOver } from '../bin/hand-over.mjs'
import { projectNode, root, setUp } from './setup.mjs'

const [task, ...parameters] = process.argv.slice(2)
setUp()
handOver(projectNode, [join(root, 'scripts', `${task}.ts`), ...parameters], { cwd: root })
