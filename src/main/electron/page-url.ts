/** The page's one origin. Everything it loads comes from there. */
export const pageScheme = 'app'
const pageHost = 'studio'
export const pageUrl = `${pageScheme}://${pageHost}/`

/** Whether a URL is of our scheme and host. Not by `origin`, which is the string `null` for schemes Node does not know. */
export function isOurUrl(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && parsed.protocol === `${pageScheme}:` && parsed.host === pageHost
}

/** Whether a URL is the page itself: the only place the window may go. */
export function isPageUrl(url: string): boolean {
  return isOurUrl(url) && ['/', '/index.html'].includes(URL.parse(url)?.pathname ?? '')
}
