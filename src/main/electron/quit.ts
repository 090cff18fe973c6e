import { app } from 'electron'

/**
 * Ends the program in order. The windows are closed by then, and the page has had its say. The work given is done
 * before the program goes: calls cancelled, jobs stopped where they are, projects closed, child processes ended.
 * [Note: quit order]
 */
export function quitInOrder(work: () => Promise<void>, log: (line: string) => void): void {
  let state: 'running' | 'closing' | 'closed' = 'running'
  app.on('will-quit', (event) => {
    if (state === 'closed') return
    event.preventDefault()
    if (state === 'closing') return
    state = 'closing'
    work()
      .catch((error: unknown) => log(`Something was not closed properly: ${String(error)}`))
      .finally(() => {
        state = 'closed'
        app.quit()
      })
  })
}
