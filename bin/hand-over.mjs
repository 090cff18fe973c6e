// Plain JavaScript for Node 20.
import { spawn } from 'node:child_process'

/**
 * Goes on in another process: same terminal, signals passed on, same exit status. Neither outlives the other, whichever
 * way it ends: the child hears of our end through its channel (`endWithParent`), we of our own parent's by its id.
 */
export function handOver(program, parameters, options = {}) {
  const child = spawn(program, parameters, { ...options, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  // In a terminal Ctrl+C reaches the child as well, and a second one would mean "at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // npm does not pass a signal on to the command that it runs: the shell between them just dies.
  const parent = process.ppid
  setInterval(() => process.ppid === parent || child.kill('SIGTERM'), 500).unref()
  child.on('error', (error) => {
    console.error(`${program} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** In a process started by `handOver`: stop as on Ctrl+C when that process is gone. Elsewhere it does nothing. */
export function endWithParent() {
  if (process.channel === undefined) return
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}
