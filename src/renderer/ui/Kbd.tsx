import type { ReactElement } from 'react'

const names: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Delete: 'Del',
  Escape: 'Esc',
}

/** A shortcut as a person reads it: `Ctrl+ArrowLeft` becomes `Ctrl+←`. */
export function readableKeys(keys: string): string {
  return keys
    .split('+')
    .map((part) => names[part] ?? part)
    .join('+')
}

export function Kbd({ keys }: { readonly keys: string }): ReactElement {
  return (
    <kbd className="rounded border border-line bg-base px-1 font-sans text-xs leading-4 text-muted">
      {readableKeys(keys)}
    </kbd>
  )
}
