import type { ReactElement } from 'react'
import { translateOr } from '../i18n/index.ts'

/** On a Mac the keyboard prints signs, and Cmd takes the place of Ctrl. */
const macSigns: Readonly<Record<string, string>> = { Ctrl: '⌘', Shift: '⇧', Alt: '⌥' }
const isMac = navigator.platform.startsWith('Mac')

function readableKey(key: string): string {
  return (isMac ? macSigns[key] : undefined) ?? translateOr(`keys.${key}`, {}, key)
}

/** A shortcut as a person reads it: `Ctrl+ArrowLeft` becomes `Ctrl+←`, or `Strg+←` in German. */
export function readableKeys(keys: string): string {
  const parts = keys === '+' ? ['+'] : keys.split('+')
  return parts.map(readableKey).join('+')
}

export function Kbd({ keys }: { readonly keys: string }): ReactElement {
  return (
    <kbd className="rounded border border-line bg-base px-1 font-sans text-xs leading-4 whitespace-nowrap text-muted">
      {readableKeys(keys)}
    </kbd>
  )
}
