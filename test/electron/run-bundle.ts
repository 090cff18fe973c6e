import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

/**
 * Starts the bundled desktop window on the fake Electron, makes a project in the folder given and asks its engine:
 * prints what came of it as JSON. A process of its own, since here nothing else replaces `electron`.
 */

const root = join(import.meta.dirname, '..', '..')
const fakeUrl = new URL('./fake-electron.ts', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: fakeUrl, shortCircuit: true } : next(specifier, context),
})
const [folder = ''] = process.argv.slice(2)
process.argv = ['electron', root]
process.env['EXEMPLAR_HOME'] = join(folder, 'home')

const fake = await import('./fake-electron.ts')
await import(new URL('../../out/main/electron-main.js', import.meta.url).href)
fake.app.becomeReady()
while (fake.BrowserWindow.getAllWindows().length === 0) await setImmediate()
const [window] = fake.BrowserWindow.getAllWindows()
if (window === undefined) throw new Error('There is no window')

async function call(path: string, input: object): Promise<Record<string, unknown>> {
  const from = fake.pageOf(window as NonNullable<typeof window>)
  const answer = await fake.invokeFrom(from, 'exemplar:call', { path, callId: crypto.randomUUID(), input })
  return (answer as { readonly value: Record<string, unknown> }).value
}

fake.answers.open.push([folder])
const { places } = await call('places.choose', { purpose: 'folder' })
const [place] = places as { readonly placeId: string }[]
const { projectId } = await call('project.create', { placeId: place?.placeId ?? '', name: 'Bolts' })
const { provider } = await call('project.engine', { projectId })
const children = [...fake.children.values()]
fake.app.quit()
console.log(JSON.stringify({ provider, children, ended: await fake.app.ended, left: fake.children.size }))
