import { useEffect, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useBridge } from '../../app/bridge-context.tsx'
import { useCommands } from '../../app/commands.ts'
import { announce } from '../../app/session.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { DevicePanel } from './DevicePanel.tsx'

/** The devices in a window of their own. */
function DeviceDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation()
  return (
    <Dialog title={t('devices.title')} size="large" testId="device-dialog" onClose={onClose}>
      <DevicePanel />
    </Dialog>
  )
}

/** The command that opens it, on every screen, and the notice when a device fails at work. */
export function DeviceCommands(): ReactElement | null {
  const { t } = useTranslation()
  const bridge = useBridge()
  const [isOpen, setIsOpen] = useState(false)
  useCommands([{ id: 'app.devices', labelKey: 'devices.command.open', keys: [], run: () => setIsOpen(true) }])
  useEffect(
    () =>
      bridge.devices.failed(({ provider, detail }) => {
        announce(t('devices.failedNow', { name: t(`devices.names.${provider}`), detail: detail ?? '' }), 'problem')
      }),
    [bridge, t],
  )
  return isOpen ? <DeviceDialog onClose={() => setIsOpen(false)} /> : null
}
