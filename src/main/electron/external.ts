import { shell } from 'electron'

/** Web addresses that the program itself offers. Nothing from a project or the page ever gets here. */
export const externalUrls = {
  licence: 'https://www.apache.org/licenses/LICENSE-2.0',
  method: 'https://arxiv.org/abs/2409.11316',
} as const

const allowedHosts: ReadonlySet<string> = new Set(['www.apache.org', 'arxiv.org'])

/** The only way to another program: opens the default browser at an `https` address of a known host. */
export async function openExternal(url: string): Promise<boolean> {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.protocol !== 'https:') return false
  if (!allowedHosts.has(parsed.host) || parsed.username !== '' || parsed.password !== '') return false
  await shell.openExternal(parsed.href)
  return true
}
