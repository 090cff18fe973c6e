import { DropdownMenu } from 'radix-ui'
import { useContext } from 'react'
import type { ReactElement, ReactNode } from 'react'
import { Kbd } from './Kbd.tsx'
import { LayerContext } from './layer.ts'

/** A menu below its trigger. Not modal: Radix' scroll lock would inject a `<style>` element. */
export function Menu(properties: { readonly trigger: ReactNode; readonly children: ReactNode }): ReactElement {
  const layer = useContext(LayerContext)
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{properties.trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={layer}>
        <DropdownMenu.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          className="z-40 min-w-48 rounded-lg border border-line bg-raised p-1 shadow-raised"
        >
          {properties.children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

export function MenuItem(properties: {
  readonly onSelect: () => void
  readonly children: ReactNode
  readonly keys?: string | undefined
  readonly disabled?: boolean
}): ReactElement {
  return (
    <DropdownMenu.Item
      className="flex h-7 items-center gap-2 rounded-md px-2 outline-none select-none data-disabled:opacity-45 data-highlighted:bg-hover"
      disabled={properties.disabled ?? false}
      onSelect={properties.onSelect}
    >
      <span className="flex flex-1 items-center gap-2">{properties.children}</span>
      {properties.keys !== undefined && <Kbd keys={properties.keys} />}
    </DropdownMenu.Item>
  )
}
