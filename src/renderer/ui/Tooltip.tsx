import { Tooltip as Radix } from 'radix-ui'
import { useContext } from 'react'
import type { ReactElement, ReactNode } from 'react'
import { Kbd } from './Kbd.tsx'
import { LayerContext } from './layer.ts'

export const TooltipProvider = Radix.Provider

/** What a control does and its key, on hover and on focus. `children` is one element that takes a ref. */
export function Tooltip(properties: {
  readonly label: string
  readonly keys?: string | undefined
  readonly side?: 'top' | 'right' | 'bottom' | 'left'
  readonly children: ReactNode
}): ReactElement {
  const layer = useContext(LayerContext)
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{properties.children}</Radix.Trigger>
      <Radix.Portal container={layer}>
        <Radix.Content
          side={properties.side ?? 'bottom'}
          sideOffset={5}
          collisionPadding={8}
          className="z-50 flex max-w-72 items-center gap-2 rounded-md border border-line bg-raised px-2 py-1 text-sm text-text shadow-raised"
        >
          {properties.label}
          {properties.keys !== undefined && <Kbd keys={properties.keys} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
